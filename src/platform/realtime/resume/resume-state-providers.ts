import { Injectable, Logger } from '@nestjs/common';
import { type DecoratedMethods, methodDecorator } from '../../discovery/decorated-methods.js';
import { EncodedFrame } from '../protocol/encoded-frame.js';
import { RepeatedWarning } from '../../logging/repeated-warning.js';

/** A frame of state: the newest replaces older ones. */
export interface StateFrame {
  readonly type: string;
  readonly conversation_id?: string;
  readonly data: object;
}

export type ResumeStateProvider = (userId: string) => Promise<StateFrame[]>;

const RESUME_STATE = Symbol('@ResumeState');

/**
 * Marks a method that returns state of a user that is not in the log and must be current after a resume: a
 * `ResumeStateProvider`.
 */
export function ResumeState() {
  return methodDecorator<ResumeStateProvider>(RESUME_STATE, undefined);
}

/** The state that clients receive after a resume, because it is not in the log. */
@Injectable()
export class ResumeStateProviders {
  private readonly providers: ResumeStateProvider[] = [];
  private readonly readFailures = new RepeatedWarning(
    new Logger(ResumeStateProviders.name),
    'the state for a resume could not be read',
    { recovered: 'the state for resumes is read again' },
  );

  /** Registers the methods marked `@ResumeState`. */
  registerDecorated(methods: DecoratedMethods): void {
    for (const { method } of methods.of<undefined, ResumeStateProvider>(RESUME_STATE)) this.register(method);
  }

  register(provider: ResumeStateProvider): void {
    this.providers.push(provider);
  }

  /** The current state for one user. A provider that fails is skipped: its state is sent with its next change. */
  async of(userId: string): Promise<EncodedFrame[]> {
    const parts = await Promise.all(
      this.providers.map(async (provider) => {
        try {
          return await this.readFailures.watch(() => provider(userId));
        } catch {
          return [];
        }
      }),
    );
    return parts.flat().map(({ type, ...frame }) => EncodedFrame.of(type, frame));
  }
}
