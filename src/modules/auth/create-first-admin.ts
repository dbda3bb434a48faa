import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { StartupBanner } from '../../platform/logging/startup-banner.js';
import { requireEmail } from '../users/user-fields.policy.js';
import { UsernameOrEmailTaken } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { FIRST_ADMIN_EMAIL, FIRST_ADMIN_USERNAME } from './first-admin-settings.js';
import { PasswordStrength } from './password-strength.service.js';
import { RegistrationService } from './registration.service.js';

/** Creates an admin at startup if there is none, because someone has to administer the installation. */
@Injectable()
export class CreateFirstAdmin implements OnApplicationBootstrap {
  private readonly logger = new Logger(CreateFirstAdmin.name);

  constructor(
    private readonly users: UsersService,
    private readonly registration: RegistrationService,
    private readonly strength: PasswordStrength,
    private readonly banner: StartupBanner,
    private readonly config: Config,
  ) {}

  /**
   * With a configured password the account is created immediately. A generated password is displayed once, on the
   * terminal, and not stored: that account is created last, when nothing else of the startup can fail, and its password
   * is displayed immediately.
   * @throws ValidationError for a weak password
   */
  async onApplicationBootstrap(): Promise<void> {
    if (await this.users.hasAdmin()) return;
    const email = requireEmail(this.config.adminEmail ?? FIRST_ADMIN_EMAIL);
    const given = this.config.adminPassword;
    if (given) {
      await this.strength.requireStrong('ADMIN_PASSWORD', given, [FIRST_ADMIN_USERNAME, email]);
      if (await this.create(email, given)) this.banner.add('Admin', email);
      return;
    }
    this.banner.beforePrint(async () => {
      const password = randomBytes(18).toString('base64url');
      if (!(await this.create(email, password))) return;
      this.banner.add('Admin', `${email}  password: ${password}  (displayed only once)`);
    });
  }

  /** Returns false when another process has created an admin in the meantime, or when the name is taken. */
  private async create(email: string, password: string): Promise<boolean> {
    const admin = { id: newId(), username: FIRST_ADMIN_USERNAME, email, displayName: 'Admin', role: 'admin' } as const;
    try {
      await this.registration.create(admin, password);
      return true;
    } catch (error) {
      if (!(error instanceof UsernameOrEmailTaken)) throw error;
      if (!(await this.users.hasAdmin())) {
        this.logger.warn(`the first admin was not created: its ${String(error.details.field)} is taken`);
      }
      return false;
    }
  }
}
