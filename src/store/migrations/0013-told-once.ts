const FIRST = (kind: string) => `NEW.kind = '${kind}' AND NEW.state = 'seen'
  AND EXISTS (SELECT 1 FROM webhooks WHERE appId = NEW.appId)
  AND NOT EXISTS (
    SELECT 1 FROM journal WHERE appId = NEW.appId AND instance = NEW.instance AND kind = '${kind}' AND id < NEW.id
  )`

const noted = (
  state: string,
) => `INSERT INTO webhookChanges (appId, appName, entity, action, data, previous, at) VALUES (
    NEW.appId, (SELECT name FROM apps WHERE id = NEW.appId), 'dyno', 'update',
    json_object('instance', NEW.instance, 'name', NEW.name, 'release', NEW.release, 'at', NEW.at, 'state', ${state}),
    '{}', CAST(unixepoch('subsec') * 1000 AS INTEGER)
  )`

/** A new control plane sees anew what it finds, and writes it down again: webhooks are told the first time only. */
export const TOLD_ONCE = `
DROP TRIGGER instancePassing;
CREATE TRIGGER instancePassing AFTER INSERT ON journal WHEN ${FIRST('passing')} BEGIN
  ${noted("'up'")};
END;

DROP TRIGGER instanceExited;
CREATE TRIGGER instanceExited AFTER INSERT ON journal WHEN ${FIRST('exited')} BEGIN
  ${noted(`CASE WHEN EXISTS (
    SELECT 1 FROM journal WHERE appId = NEW.appId AND instance = NEW.instance AND kind IN ('terminate', 'kill')
  ) THEN 'down' ELSE 'crashed' END`)};
END
`
