import { ApiProperty } from '@nestjs/swagger';

/** The message that a reply quotes. */
export class QuoteDto {
  @ApiProperty()
  id: string;

  @ApiProperty({ type: 'integer' })
  sequence_number: number;

  @ApiProperty()
  sender_id: string;

  @ApiProperty()
  sender_name: string;

  @ApiProperty({ type: String, nullable: true, description: 'null when that message was deleted' })
  content: string | null;
}
