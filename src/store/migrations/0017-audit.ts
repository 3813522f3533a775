/**
 * Who did what in which pipeline. It outlives pipelines, apps and users, so nothing is referenced; and what is written in
 * it stays as it is, whoever asks.
 */
export const AUDIT = `
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT, pipelineId TEXT NOT NULL, appId TEXT, user TEXT NOT NULL,
  action TEXT NOT NULL, details TEXT NOT NULL, at INTEGER NOT NULL
) STRICT;
CREATE INDEX auditPipeline ON audit (pipelineId, id);
CREATE TRIGGER auditUnchanged BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END;
CREATE TRIGGER auditKept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit log is not changed'); END
`
