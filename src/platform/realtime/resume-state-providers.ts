import { Injectable, Logger } from '@nestjs/common';
import { EncodedFrame } from './encoded-frame.js';
import { RepeatedWarning } from '../logging/repeated-warning.js';

/** A frame of state: the newest wins. */
export interface StateFrame {
  readonly type: string;
  readonly conversation_id?: string;
  readonly data: object;
}

export type ResumeStateSource = (userId: string) => Promise<StateFrame[]>;

/** What is not in the log and yet must be right after a resume: modules say here how it stands now. */
@Injectable()
export class ResumeStateProviders {
  private readonly sources: ResumeStateSource[] = [];
  private readonly unread = new RepeatedWarning(
    new Logger(ResumeStateProviders.name),
    'state could not be read for a resume',
    { over: 'state is read for resumes again' },
  );

  register(source: ResumeStateSource): void {
    this.sources.push(source);
  }

  /** The state of everything for one user. A source that fails is left out: state heals with its next change. */
  async of(userId: string): Promise<EncodedFrame[]> {
    const parts = await Promise.all(
      this.sources.map(async (source) => {
        try {
          return await this.unread.watch(() => source(userId));
        } catch {
          return [];
        }
      }),
    );
    return parts.flat().map(({ type, ...frame }) => EncodedFrame.of(type, frame));
  }
}
