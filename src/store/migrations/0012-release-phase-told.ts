/** The instance of a release phase begins by an operation of its own. */
export const RELEASE_PHASE_TOLD = `
CREATE TRIGGER releasePhaseStarted AFTER UPDATE OF state ON journal
WHEN NEW.kind = 'start-release-phase' AND NEW.state = 'done' AND OLD.state <> 'done' AND NEW.instance IS NOT NULL
  AND EXISTS (SELECT 1 FROM webhooks WHERE appId = NEW.appId) BEGIN
  INSERT INTO webhookChanges (appId, appName, entity, action, data, previous, at) VALUES (
    NEW.appId, (SELECT name FROM apps WHERE id = NEW.appId), 'dyno', 'create',
    json_object('instance', NEW.instance, 'name', NEW.name, 'release', NEW.release, 'at', NEW.at, 'state', 'starting'),
    '{}', CAST(unixepoch('subsec') * 1000 AS INTEGER)
  );
END
`
