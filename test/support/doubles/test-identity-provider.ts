import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import type { Environment } from '../../../src/platform/config/config.js';

/** An identity provider with one key, on a free port. */
export class TestIdentityProvider {
  readonly audience = 'parley-chat';

  private constructor(
    readonly issuer: string,
    private readonly server: Server,
    private readonly key: CryptoKey,
    readonly publicJwk: JWK,
  ) {}

  static async start(issuer = 'https://login.example.org'): Promise<TestIdentityProvider> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    const publicJwk = { ...(await exportJWK(publicKey)), kid: 'key-1', alg: 'ES256' };
    const server = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ keys: [publicJwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new TestIdentityProvider(issuer, server, privateKey, publicJwk);
  }

  get environment(): Environment {
    const { port } = this.server.address() as AddressInfo;
    return {
      JWT_EXTERNAL_JWKS_URL: `http://127.0.0.1:${port}/jwks`,
      JWT_EXTERNAL_ISSUER: this.issuer,
      JWT_EXTERNAL_AUDIENCE: this.audience,
    };
  }

  token(claims: JWTPayload, key: CryptoKey = this.key, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: this.issuer, aud: this.audience, iat: now, exp: now + 600, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'key-1', ...header })
      .sign(key);
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
