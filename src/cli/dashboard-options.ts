/** The options of the dashboard that a controller serves, and what they come to. */
import type { Command } from 'commander'
import type { AccessOptions } from '#dashboard/access.ts'
import { UsageError } from '#releases/errors.ts'

export type DashboardOptions = {
  readonly dashboardAddress?: string
  readonly dashboardAuth?: string
  readonly dashboardAudience?: string
  readonly dashboardReadOnly?: boolean
  readonly dashboardOidcIssuer?: string
  readonly dashboardOidcClientId?: string
  readonly dashboardOidcCa?: string
  readonly dashboardOidcUserClaim?: string
  readonly dashboardOidcGroupsClaim?: string
  readonly dashboardOidcPrefix?: string
  readonly dashboardOidcScope?: string
}

const defaults = {
  auth: 'token',
  audience: 'headgate',
  userClaim: 'sub',
  groupsClaim: 'groups',
  prefix: 'oidc:',
  scope: 'openid email groups',
} as const

export function withDashboardOptions(command: Command): Command {
  return command
    .option(
      '--dashboard-address <host:port>',
      'the dashboard and its API, such as 0.0.0.0:8000; left out, it does not listen',
    )
    .option(
      '--dashboard-auth <kind>',
      "token: of the cluster; oidc: of an issuer; none: everybody, with the controller's own rights, on loopback alone",
      defaults.auth,
    )
    .option(
      '--dashboard-audience <name>',
      'audience that a token of the cluster must have',
      defaults.audience,
    )
    .option('--dashboard-read-only', 'nobody may act through it')
    .option('--dashboard-oidc-issuer <url>', 'whose tokens are taken')
    .option('--dashboard-oidc-client-id <id>', 'our id there, and the audience of its tokens')
    .option('--dashboard-oidc-ca <file>', 'certificates to trust for it')
    .option('--dashboard-oidc-user-claim <name>', "claim with the user's name", defaults.userClaim)
    .option('--dashboard-oidc-groups-claim <name>', 'claim with the groups', defaults.groupsClaim)
    .option('--dashboard-oidc-prefix <text>', 'before every user and group', defaults.prefix)
    .option('--dashboard-oidc-scope <scopes>', 'what is asked for', defaults.scope)
}

/** @throws UsageError that says what to write instead. */
export function accessOptionsOf(options: DashboardOptions): AccessOptions {
  const { dashboardAuth: auth = defaults.auth } = options
  switch (auth) {
    case 'none':
      return { kind: 'open' }
    case 'token': {
      const { dashboardAudience: audience = defaults.audience } = options
      // Without one, any token of the cluster would do, whoever it was made for.
      if (audience === '') throw new UsageError('--dashboard-audience is empty; name an audience')
      return { kind: 'token', audience }
    }
    case 'oidc': {
      const { dashboardOidcIssuer: issuer, dashboardOidcClientId: clientId } = options
      if (issuer === undefined || clientId === undefined)
        throw new UsageError(
          '--dashboard-auth oidc needs --dashboard-oidc-issuer and --dashboard-oidc-client-id',
        )
      return {
        kind: 'oidc',
        issuer,
        clientId,
        ca: options.dashboardOidcCa,
        userClaim: options.dashboardOidcUserClaim ?? defaults.userClaim,
        groupsClaim: options.dashboardOidcGroupsClaim ?? defaults.groupsClaim,
        prefix: options.dashboardOidcPrefix ?? defaults.prefix,
        scope: options.dashboardOidcScope ?? defaults.scope,
      }
    }
    default:
      throw new UsageError(`--dashboard-auth ${auth} is unknown; write token, oidc or none`)
  }
}
