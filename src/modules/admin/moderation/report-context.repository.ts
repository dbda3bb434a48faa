import { Injectable } from '@nestjs/common';
import { Sql, statement } from '../../../platform/database/sql.js';
import type { ReportSubjectDto } from './reports.dto.js';

export interface ContextRow {
  readonly report_id: string;
  readonly reporter_count: number;
  readonly conversation_title: string | null;
  readonly subject: ReportSubjectDto | null;
  /** Times inside are texts, because `json_agg` creates the rows. */
  readonly messages:
    | {
        id: string;
        sequence_number: number;
        sender_id: string;
        sender_name: string | null;
        content: string;
        is_deleted: boolean;
        is_shadowed: boolean;
        created_at: string;
      }[]
    | null;
}

const MESSAGES_AROUND = 5;

/** A few index look-ups for each report; a page is one statement. */
const CONTEXT = statement<ContextRow>(
  'reports.context',
  `select r.id as report_id, c.title as conversation_title,
          (select count(distinct o.reporter_id) from reports o
            where o.target_id = r.target_id and o.target_type = r.target_type) as reporter_count,
          (select json_build_object(
                    'id', u.id, 'username', u.username, 'display_name', u.display_name,
                    'is_banned', user_is_banned(u.banned_at, u.banned_until),
                    'past_reports', (select count(*) from reports o where o.subject_id = u.id and o.id <> r.id),
                    'past_sanctions', (select count(*) from reports o
                                        where o.subject_id = u.id and o.id <> r.id and o.outcome <> 'dismissed'),
                    'warnings', (select count(*) from user_warnings w where w.user_id = u.id))
             from users u where u.id = r.subject_id) as subject,
          (select json_agg(json_build_object(
                    'id', n.id, 'sequence_number', n.sequence_number, 'sender_id', n.sender_id,
                    'sender_name', s.display_name, 'content', concat_ws(E'\\n', nullif(n.content, ''), n.forwarded ->> 'content'), 'is_deleted', n.deleted_at is not null,
                    'is_shadowed', n.audience is not distinct from '{}',
                    'created_at', n.created_at) order by n.sequence_number)
             from messages m
             join messages n on n.conversation_id = m.conversation_id
                            and n.sequence_number between m.sequence_number - ${MESSAGES_AROUND} and m.sequence_number + ${MESSAGES_AROUND}
             left join users s on s.id = n.sender_id
            where r.target_type = 'message' and m.id = r.target_id) as messages
     from reports r
     left join conversations c on c.id = r.conversation_id
    where r.id = any($1::uuid[])`,
);

/** The context of reports. Owns: nothing. Reads: reports, user_warnings, users, messages, conversations. */
@Injectable()
export class ReportContextRepository {
  constructor(private readonly sql: Sql) {}

  async readContexts(reportIds: string[]): Promise<Map<string, ContextRow>> {
    return new Map((await this.sql.many(CONTEXT, [reportIds])).map((row) => [row.report_id, row]));
  }
}
