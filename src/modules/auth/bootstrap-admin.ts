import { randomBytes } from 'node:crypto';
import { Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { Config } from '../../platform/config/config.js';
import { newId } from '../../platform/database/ids.js';
import { StartupBanner } from '../../platform/logging/startup-banner.js';
import { requireEmail } from '../users/user-fields.policy.js';
import { AlreadyExists } from '../users/users.errors.js';
import { UsersService } from '../users/users.service.js';
import { FIRST_ADMIN_EMAIL, FIRST_ADMIN_USERNAME } from './first-admin-settings.js';
import { PasswordStrength } from './password-strength.service.js';
import { Registration } from './registration.js';

/** Somebody must be able to let others in: as long as there is no admin, a start makes one. */
@Injectable()
export class BootstrapAdmin implements OnApplicationBootstrap {
  private readonly logger = new Logger(BootstrapAdmin.name);

  constructor(
    private readonly users: UsersService,
    private readonly registration: Registration,
    private readonly strength: PasswordStrength,
    private readonly banner: StartupBanner,
    private readonly config: Config,
  ) {}

  /**
   * With a password that was given the account is made at once. One that is made up is shown once, on the terminal, and
   * kept nowhere: that account is made last, when nothing else of the start can fail, and its password shown at once.
   * @throws ValidationError for a weak password
   */
  async onApplicationBootstrap(): Promise<void> {
    if (await this.users.hasAdmin()) return;
    const email = requireEmail(this.config.adminEmail ?? FIRST_ADMIN_EMAIL);
    const given = this.config.adminPassword;
    if (given) {
      await this.strength.requireStrong('ADMIN_PASSWORD', given, [FIRST_ADMIN_USERNAME, email]);
      if (await this.make(email, given)) this.banner.add('Admin', email);
      return;
    }
    this.banner.beforeShown(async () => {
      const password = randomBytes(18).toString('base64url');
      if (!(await this.make(email, password))) return;
      this.banner.add('Admin', `${email}  password: ${password}  (shown only now)`);
    });
  }

  /** False when there is an admin since, made by another process, or when the name is taken. */
  private async make(email: string, password: string): Promise<boolean> {
    const admin = { id: newId(), username: FIRST_ADMIN_USERNAME, email, displayName: 'Admin', role: 'admin' } as const;
    try {
      await this.registration.create(admin, password);
      return true;
    } catch (error) {
      if (!(error instanceof AlreadyExists)) throw error;
      if (!(await this.users.hasAdmin())) {
        this.logger.warn(`no first admin was made: its ${String(error.details.field)} is taken`);
      }
      return false;
    }
  }
}
