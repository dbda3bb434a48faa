import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Health } from '../../platform/health/health.js';
import { Public } from '../../platform/http/public.decorator.js';
import { Priority } from '../../platform/throttling/priority.decorator.js';
import { ChatHealthDto } from './chat.dto.js';
import { presentDatabase, presentHealth } from './chat.presenter.js';

/** For people and monitors; a load balancer uses `/readyz`, which has no rate limit. */
@ApiTags('dialect: chat')
@Public()
@Priority('vital')
@Controller()
export class ChatHealthController {
  constructor(private readonly health: Health) {}

  @Get()
  @ApiOperation({ summary: 'Reports that the server is running.' })
  @ApiOkResponse({ type: ChatHealthDto })
  root(): ChatHealthDto {
    return presentHealth();
  }

  @Get('test-db')
  @ApiOperation({ summary: 'Reports whether the database responds.' })
  @ApiOkResponse({ type: ChatHealthDto })
  async database(): Promise<ChatHealthDto> {
    return presentDatabase(await this.health.report());
  }
}
