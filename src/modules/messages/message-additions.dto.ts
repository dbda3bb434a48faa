import { ApiProperty } from '@nestjs/swagger';
import { ForwardedDto } from './forwarding/forwarded.dto.js';
import { LinkPreviewDto } from './link-previews/link-previews.dto.js';
import { PollDto } from './polls/polls.dto.js';
import { STREAMING_ENDS, type StreamingEnd } from './streaming/streaming.constants.js';
import { ContactDto, LocationDto } from './typed-attachments/typed-attachments.dto.js';

/** What few messages have. */
export class MessageAdditionsDto {
  @ApiProperty({
    required: false,
    description: 'true: the text is still being written, and `content` is what there is so far; otherwise absent',
  })
  is_streaming?: true;

  @ApiProperty({
    enum: STREAMING_ENDS,
    required: false,
    description:
      'How the text of a streaming message ended: finished; cancelled by its author; abandoned: no append for ' +
      'STREAMING_TIMEOUT seconds; revoked: its author may no longer write. Absent if it was sent as a whole',
  })
  streaming_end?: StreamingEnd;

  @ApiProperty({ type: PollDto, required: false, description: 'Absent if the message has no poll' })
  poll?: PollDto;

  @ApiProperty({ type: LocationDto, required: false, description: 'Absent if the message has none' })
  location?: LocationDto;

  @ApiProperty({ type: ContactDto, required: false, description: 'Absent if the message has none' })
  contact?: ContactDto;

  @ApiProperty({
    type: [LinkPreviewDto],
    required: false,
    description: 'Of the first three links of the text; added by a later `message.updated`, absent without any',
  })
  link_previews?: LinkPreviewDto[];

  @ApiProperty({
    type: ForwardedDto,
    required: false,
    description: 'Only of a forwarded message: what was forwarded; `content` is the comment of the sender, or empty',
  })
  forwarded?: ForwardedDto;
}
