import type { Type } from '@nestjs/common';
import { ApiProperty } from '@nestjs/swagger';
import type { Page } from './page.js';

/** The documented shape of a whole list: `class MessageListDto extends ListOf(MessageDto) {}`. */
export function ListOf<Item>(item: Type<Item>): Type<{ data: Item[] }> {
  class ListDto {
    @ApiProperty({ type: [item] })
    data: Item[];
  }
  return ListDto;
}

/** The documented shape of a `Page`: `class MessagePageDto extends PageOf(MessageDto) {}`. */
export function PageOf<Item>(item: Type<Item>): Type<Page<Item>> {
  class PageDto extends ListOf(item) {
    @ApiProperty({ type: String, nullable: true })
    next_cursor: string | null;

    @ApiProperty()
    has_more: boolean;
  }
  return PageDto;
}
