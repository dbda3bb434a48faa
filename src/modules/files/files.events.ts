import { ApiProperty } from '@nestjs/swagger';
import { DomainEvent } from '../../platform/event-log/domain-events.js';
import { FileData } from './files.dto.js';

/** The wire name of the signal that a scan has ended. */
export const FILE_SCANNED = 'file.scanned';

/** A file is stored completely and waits for its scan. */
export class FileStored extends DomainEvent {
  readonly type = 'file.stored';

  constructor(
    readonly fileId: string,
    readonly uploaderId: string,
  ) {
    super();
  }
}

/** The `data` of `file.scanned`. */
export class ScannedFileData extends FileData {
  @ApiProperty({
    format: 'uuid',
    required: false,
    description: 'Conversation of the message it is attached to; absent for the uploader',
  })
  conversation_id?: string;

  @ApiProperty({ format: 'uuid', required: false })
  message_id?: string;
}
