import { Injectable } from '@nestjs/common';
import { newId } from '../../platform/database/ids.js';
import { type FieldProblem, ValidationError } from '../../platform/errors/app-error.js';
import { EventLog } from '../../platform/event-log/event-log.js';
import { requireDisplayName, requireEmail, requireUsername } from '../users/user-fields.policy.js';
import type { NewUser, UserDto } from '../users/users.dto.js';
import { UsersService } from '../users/users.service.js';
import type { RegisterDto } from './auth.dto.js';
import { AuthRepository } from './auth.repository.js';
import { PasswordHasher } from './password-hasher.js';
import { requireStrongPassword } from './password-strength.js';

/** How an account comes into being: user, password and event stream in one transaction. */
@Injectable()
export class Registration {
  constructor(
    private readonly users: UsersService,
    private readonly repository: AuthRepository,
    private readonly hasher: PasswordHasher,
    private readonly log: EventLog,
  ) {}

  /** @throws ValidationError, AlreadyExists, ServiceUnavailable */
  async register(dto: RegisterDto): Promise<UserDto> {
    const user: NewUser = { id: newId(), ...judged(dto), role: 'user' };
    await this.create(user, dto.password);
    const [shown] = await this.users.present([await this.users.find(user.id)], { userId: user.id, role: 'user' });
    return shown!;
  }

  /** An account whose fields have been judged. @throws AlreadyExists, ServiceUnavailable */
  async create(user: NewUser, password: string): Promise<void> {
    const passwordHash = await this.hasher.hash(password);
    await this.log.create(user.id, async (tx) => {
      await this.users.create(tx, user);
      await this.repository.insertCredential(tx, user.id, passwordHash);
    });
  }
}

/** The fields as they may be stored. @throws ValidationError with what is wrong with all of them */
function judged({ username, email, display_name, password }: RegisterDto): Omit<NewUser, 'id' | 'role'> {
  const problems: FieldProblem[] = [];
  const name = collect(problems, username, requireUsername);
  const fields = {
    username: name,
    email: collect(problems, email, requireEmail),
    displayName: display_name === undefined ? name : collect(problems, display_name, requireDisplayName),
  };
  collect(problems, password, (text) => requireStrongPassword('password', text, Object.values(fields)));
  if (problems.length > 0) throw new ValidationError(problems);
  return fields;
}

/** What `judge` makes of a text; the text as it is, and the problem noted, when it refuses it. */
function collect(problems: FieldProblem[], text: string, judge: (text: string) => string | void): string {
  try {
    return judge(text) ?? text;
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error;
    problems.push(...(error.details.errors as FieldProblem[]));
    return text;
  }
}
