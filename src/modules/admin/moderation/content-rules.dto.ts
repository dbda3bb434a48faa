import { ApiProperty } from '@nestjs/swagger';
import { PageOf, requireCursor } from '../../../platform/pagination/page.js';
import { EnumField, IntField, TextField, UuidField } from '../../../platform/validation/fields.js';
import { FieldRule, InputRule } from '../../../platform/validation/input-rules.js';
import { problemsOfContentRule } from './content-rule-pattern.js';
import { CONVERSATION_NAME } from '../../participants/participants.dto.js';

export const RULE_KINDS = ['word', 'link_deny', 'link_allow'] as const;
export type RuleKind = (typeof RULE_KINDS)[number];

export const RULE_ACTIONS = ['mask', 'hold', 'reject'] as const;
export type RuleAction = (typeof RULE_ACTIONS)[number];

const PATTERN_MAX = 253;
const REASON_MAX = 200;

@InputRule(problemsOfContentRule)
export class CreateContentRuleDto {
  @EnumField({ values: RULE_KINDS })
  kind: RuleKind;

  @TextField({
    min: 1,
    max: PATTERN_MAX,
    description:
      'A word or phrase, matched as whole words in any case; or a domain with its subdomains, `*` for all domains',
  })
  pattern: string;

  @EnumField({
    values: RULE_ACTIONS,
    optional: true,
    description: 'Required for all kinds except link_allow',
    example: 'mask',
  })
  action?: RuleAction;

  @TextField({
    min: 1,
    max: REASON_MAX,
    optional: true,
    nullable: true,
    description: 'The sender of a refused message receives it',
  })
  reason?: string | null;
}

export class UpdateContentRuleDto {
  @EnumField({ values: RULE_ACTIONS, optional: true })
  action?: RuleAction;

  @TextField({ min: 1, max: REASON_MAX, optional: true, nullable: true })
  reason?: string | null;
}

export class ListContentRulesQuery {
  @IntField({ min: 1, max: 100, optional: true, description: '50 if omitted' })
  limit?: number;

  @FieldRule(requireCursor)
  @TextField({ max: 512, optional: true, description: '`next_cursor` of the previous page' })
  cursor?: string;
}

export class RuleIdParam {
  @UuidField()
  id: string;
}

export class ConversationRuleParams {
  @TextField(CONVERSATION_NAME)
  id: string;

  @UuidField()
  rule_id: string;
}

export class ContentRuleDto {
  @ApiProperty({ format: 'uuid' })
  id: string;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'null for the whole installation' })
  conversation_id: string | null;

  @ApiProperty({ enum: RULE_KINDS })
  kind: RuleKind;

  @ApiProperty()
  pattern: string;

  @ApiProperty({ type: String, enum: RULE_ACTIONS, nullable: true })
  action: RuleAction | null;

  @ApiProperty({ type: String, nullable: true })
  reason: string | null;

  @ApiProperty({ format: 'uuid' })
  created_by: string;

  @ApiProperty({ format: 'date-time' })
  created_at: string;
}

export class ContentRulePageDto extends PageOf(ContentRuleDto) {}
