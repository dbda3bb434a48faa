import { Global, Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { Config } from '../../platform/config/config.js';
import { Authenticator } from '../../platform/identity/authenticator.js';
import { UsersModule } from '../users/users.module.js';
import { AccessTokens, jwtOptions } from './access-tokens.js';
import { AccountAdministration } from './account-administration.service.js';
import { AccountSettingsService } from './account-settings.service.js';
import { SessionsService } from './sessions.service.js';
import { AuthController } from './auth.controller.js';
import { AuthGateway } from './auth.gateway.js';
import { AuthRepository } from './auth.repository.js';
import { TokenReader } from './token-reader.js';
import { ExternalIdentitiesRepository } from './external-identities.repository.js';
import { ExternalLogin } from './external-login.js';
import { ExternalTokens } from './external-tokens.js';
import { CreateFirstAdmin } from './create-first-admin.js';
import { HostTokens } from './host-tokens.js';
import { GuestsService } from './guests.service.js';
import { LoginLockout } from './login-lockout.js';
import { LoginAttempts } from './login-attempts.js';
import { AuthService } from './auth.service.js';
import { MintTokens } from './mint-tokens.js';
import { PasswordChecks } from './password-checks.js';
import { PasswordHasher } from './password-hasher.js';
import { EstimateThreadSettings, PasswordStrength } from './password-strength.service.js';
import { RegistrationService } from './registration.service.js';
import { ServerKeyAuthenticator } from './server-key-authenticator.js';
import { ServerKeysRepository } from './server-keys.repository.js';
import { ServerKeysService } from './server-keys.service.js';
import { SessionAuthenticator } from './session-authenticator.js';
import { SessionCache } from './session-cache.js';
import { SessionKeysRepository } from './session-keys.repository.js';
import { SessionKeysService } from './session-keys.service.js';
import { SessionIssuer } from './session-issuer.js';
import { SessionRefreshService } from './session-refresh.service.js';
import { SessionRevocation } from './session-revocation.js';
import { SigningKeys } from './signing-keys.js';
import { SigningKeysRepository } from './signing-keys.repository.js';
import { SessionsRepository } from './sessions.repository.js';

/**
 * Global, because the platform asks the `Authenticator` for every request and connection and cannot import a module.
 */
@Global()
@Module({
  imports: [UsersModule, JwtModule.registerAsync({ inject: [Config], useFactory: jwtOptions })],
  controllers: [AuthController],
  providers: [
    AuthGateway,
    AuthRepository,
    SessionsRepository,
    ExternalIdentitiesRepository,
    ...[RegistrationService, AuthService, SessionRefreshService, SessionsService, AccountSettingsService],
    ...[CreateFirstAdmin, AccountAdministration, MintTokens],
    ...[
      PasswordHasher,
      PasswordStrength,
      EstimateThreadSettings,
      PasswordChecks,
      LoginLockout,
      LoginAttempts,
      SessionIssuer,
      SessionRevocation,
      SessionCache,
    ],
    ...[AccessTokens, ExternalTokens, HostTokens, ExternalLogin, TokenReader, SigningKeys, SigningKeysRepository],
    ...[SessionKeysService, SessionKeysRepository, GuestsService],
    ...[ServerKeysService, ServerKeysRepository, ServerKeyAuthenticator],
    SessionAuthenticator,
    { provide: Authenticator, useExisting: SessionAuthenticator },
  ],
  exports: [
    RegistrationService,
    AuthService,
    SessionRefreshService,
    SessionsService,
    AccountAdministration,
    Authenticator,
    SessionKeysService,
    GuestsService,
    ServerKeysService,
  ],
})
export class AuthModule {}
