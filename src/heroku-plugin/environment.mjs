// @ts-check

/**
 * What the `heroku` command line reads of its environment, so that it talks to the server at `base` and to nobody else.
 * `base` must be on loopback: the command line accepts no other host. `gitHost` is where Git remotes shall point to.
 *
 * @param {string} base
 * @param {string} gitHost
 * @returns {Record<string, string>}
 */
export function environment(base, gitHost) {
  const { hostname, host } = new URL(base)
  return {
    HEROKU_HOST: base,
    // Else every look at an account sends the token to a second host as well.
    HEROKU_PARTICLEBOARD_URL: base,
    HEROKU_LOGIN_HOST: base,
    HEROKU_GIT_HOST: gitHost,
    HEROKU_BUILDPACK_REGISTRY_URL: base,
    HEROKU_DATA_HOST: hostname,
    HEROKU_REDIS_HOST: hostname,
    HEROKU_ANALYTICS_URL: base,
    HEROKU_EXEC_URL: `${base}/`,
    HEROKU_CI_WEBSOCKET_URL: `ws://${host}/socket`,
    PGDIAGNOSE_URL: hostname,
    DISABLE_TELEMETRY: 'true',
    // A keychain knows accounts by e-mail address only, so that a login here would replace one at Heroku.
    HEROKU_NETRC_WRITE: 'true',
  }
}
