import type { SettingValues } from './settings.js';

/** An identity provider whose tokens are accepted. At least one of `jwksUrl` and `secret` is set. */
export interface ExternalIssuer {
  readonly issuer: string;
  readonly audience: string;
  /** Whether the subjects of its tokens are ids of users in the host product: those of the first provider are. */
  readonly hasExternalIds: boolean;
  /** Where the provider publishes the keys of its asymmetric algorithms. */
  readonly jwksUrl: string | undefined;
  /** The key of HS256, which the provider and this server share. */
  readonly secret: string | undefined;
}

type IssuerSettings = Pick<
  SettingValues,
  'jwtExternalJwksUrl' | 'jwtExternalIssuer' | 'jwtExternalAudience' | 'jwtExternalSecret'
>;

/** The issuer of this server's own tokens. */
const OWN_ISSUER = 'parley';

/** The configured providers; `problemsOfIssuers` has found no problem. */
export function externalIssuers(settings: IssuerSettings): ExternalIssuer[] {
  const { jwtExternalIssuer: issuers, jwtExternalAudience: audiences, jwtExternalSecret } = settings;
  return issuers.map((issuer, index) => ({
    issuer,
    hasExternalIds: index === 0,
    audience: audiences.length === 1 ? audiences[0]! : audiences[index]!,
    jwksUrl: settings.jwtExternalJwksUrl[index],
    secret: index === issuers.length - 1 && jwtExternalSecret ? jwtExternalSecret : undefined,
  }));
}

/** Returns what prevents these settings from naming the key, the issuer and the audience of each provider. */
export function problemsOfIssuers(settings: IssuerSettings & Pick<SettingValues, 'jwtSecret'>): string[] {
  const { jwtExternalJwksUrl: urls, jwtExternalIssuer: issuers, jwtExternalAudience: audiences } = settings;
  const { jwtExternalSecret: secret, jwtSecret } = settings;
  if (urls.length === 0 && issuers.length === 0 && audiences.length === 0 && !secret) return [];
  const problems: string[] = [];
  if (issuers.length === 0 || audiences.length === 0 || (urls.length === 0 && !secret)) {
    problems.push(
      'JWT_EXTERNAL_ISSUER and JWT_EXTERNAL_AUDIENCE must be set together, with JWT_EXTERNAL_JWKS_URL or JWT_EXTERNAL_SECRET',
    );
  } else {
    const areUrlsComplete = urls.length === issuers.length || (secret && urls.length === issuers.length - 1);
    if (!areUrlsComplete) {
      problems.push(
        'JWT_EXTERNAL_JWKS_URL must have an entry for each issuer of JWT_EXTERNAL_ISSUER; only the last may have JWT_EXTERNAL_SECRET instead',
      );
    }
    if (audiences.length !== 1 && audiences.length !== issuers.length) {
      problems.push('JWT_EXTERNAL_AUDIENCE must have one entry, or one for each issuer of JWT_EXTERNAL_ISSUER');
    }
  }
  if (new Set(issuers).size < issuers.length) problems.push('JWT_EXTERNAL_ISSUER must not have an issuer twice');
  if (issuers.includes(OWN_ISSUER)) {
    problems.push(`JWT_EXTERNAL_ISSUER must not be ${OWN_ISSUER}, the issuer of this server's own tokens`);
  }
  if (secret && secret === jwtSecret) {
    problems.push('JWT_EXTERNAL_SECRET must differ from JWT_SECRET, which no one else may know');
  }
  return problems;
}
