import { ApiProperty } from '@nestjs/swagger';
import { ContactDto, LocationDto, type TypedAttachments } from '../typed-attachments/typed-attachments.dto.js';

/** The message that was forwarded, as it was then. It never changes; only its author's name is the current one. */
export class ForwardedDto {
  @ApiProperty({ format: 'uuid', description: 'Who wrote it first, however often it has been forwarded since' })
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty({ description: 'Its text; its files are the `attachments` of this message' })
  content: string;

  @ApiProperty({ format: 'date-time', description: 'When it was sent first' })
  created_at: string;

  @ApiProperty({ type: LocationDto, required: false, description: 'Absent if it had none' })
  location?: LocationDto;

  @ApiProperty({ type: ContactDto, required: false, description: 'Absent if it had none' })
  contact?: ContactDto;
}

/** A forwarded message as it is stored with the new one. The name of its author is read from the account. */
export interface StoredForward extends TypedAttachments {
  readonly sender_id: string;
  readonly created_at: string;
  readonly content: string;
}
