import { Injectable } from '@nestjs/common';
import { EncodedFrame } from '../../../src/platform/realtime/protocol/encoded-frame.js';
import {
  SlowConsumerRecovery,
  type LiveConnection,
} from '../../../src/platform/realtime/connection/live-connection.js';
import {
  ConnectionAttacher,
  type AttachResult,
  type ResumeRequest,
} from '../../../src/platform/realtime/resume/connection-attacher.js';

/** A fan-out that records its connections and fills gaps with what the test provides. */
@Injectable()
export class FakeFanOut extends ConnectionAttacher implements SlowConsumerRecovery {
  readonly connections = new Set<LiveConnection>();
  readonly resumes: (ResumeRequest | undefined)[] = [];
  readonly gaps: ReadonlyMap<string, number>[] = [];
  /** The error with which `opened` fails. */
  failure: Error | undefined;
  fill: (connection: LiveConnection, from: ReadonlyMap<string, number>) => Promise<void> | void = () => {};

  attach(connection: LiveConnection, resume?: ResumeRequest): Promise<AttachResult> {
    if (this.failure) return Promise.reject(this.failure);
    this.connections.add(connection);
    this.resumes.push(resume);
    connection.deliverNow(EncodedFrame.of('live', { data: { cursor: 'c', replayed: 0 } }));
    return Promise.resolve({ resumed: resume !== undefined, cursor: 'c' });
  }

  detach(connection: LiveConnection): void {
    this.connections.delete(connection);
  }

  async catchUp(connection: LiveConnection, from: ReadonlyMap<string, number>): Promise<void> {
    this.gaps.push(from);
    await this.fill(connection, from);
  }

  of(username: string): LiveConnection[] {
    return [...this.connections].filter(({ actor }) => actor.username === username);
  }
}
