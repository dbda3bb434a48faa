import { ApiProperty } from '@nestjs/swagger';

export class ReactionDto {
  @ApiProperty()
  emoji: string;

  @ApiProperty()
  count: number;

  @ApiProperty({ type: [String], description: 'The first 100' })
  user_ids: string[];
}
