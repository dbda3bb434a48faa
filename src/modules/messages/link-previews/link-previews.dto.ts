import { ApiProperty } from '@nestjs/swagger';

/** What the page behind a link of the message says about itself. */
export class LinkPreviewDto {
  @ApiProperty({ description: 'The link as it is in the text' })
  url: string;

  @ApiProperty()
  title: string;

  @ApiProperty({ type: String, nullable: true })
  description: string | null;

  @ApiProperty({ type: String, nullable: true })
  site_name: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description:
      'An https URL on a foreign server, which learns the IP address of a reader who loads it: ask them first',
  })
  image_url: string | null;
}

/** What is known of a page, without the link to it. */
export type PageSummary = Omit<LinkPreviewDto, 'url'>;
