import type { Shape } from './check.ts'

const BILLING = 'Nothing is paid for here'
const CONTRACTS = 'There is no contract with a provider'
const MFA = 'There is one way to come in with a password, and it is that of two_factor_authentication'
const TEAMS = 'There are no teams'

/** Fields of the published schema that our answers have not, and why. One that they do have fails the test. */
export const MISSING: Readonly<Record<string, string>> = {
  'account.country_of_residence': BILLING,
  'account.eco_dynos_enabled': BILLING,
  'account.eco_dynos_shutdown_at': BILLING,
  'account.pipeline_cost_consent_at': BILLING,
  'account.acknowledged_msa': CONTRACTS,
  'account.acknowledged_msa_at': CONTRACTS,
  'account.italian_customer_terms': CONTRACTS,
  'account.italian_partner_terms': CONTRACTS,
  'account.mfa_enabled': MFA,
  'account.mfa_exemption': MFA,
  'account.mfa_exemption_reason': MFA,
  'account.mfa_experience': MFA,
  'account.default_organization': TEAMS,
  'oauth-authorization.access_token.version': 'A token is made anew, never changed',
  'oauth-authorization.user.full_name': 'It is the name of GET /account',
  'region.provider.region': 'A region of the cloud that Heroku runs on; this is one server',
  'slug.blob': 'Slugs are not handed out',
}

/** Fields of another shape than the published one. */
export const OTHERWISE: Readonly<Record<string, { readonly shape: Shape; readonly why: string }>> = {
  'app.generation': {
    shape: { id: 'uuid', name: 'string' },
    why: 'Published as a string; heroku 11.10 reads generation.name, and Heroku itself answers with an object',
  },
  'test-run.user': {
    shape: { id: 'uuid', email: 'email' },
    why: 'Published as the whole account, which is for its user alone',
  },
}

/** Routes that answer with something else than is published, and why. */
export const ROUTES: Readonly<Record<string, { readonly answer: string; readonly why: string }>> = {
  'GET /apps/{}/available-dyno-sizes': {
    answer: '[dyno-size]',
    why: 'Published as a single one, though its title says List',
  },
}
