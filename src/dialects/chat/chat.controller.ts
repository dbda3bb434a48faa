import { Controller, Get, Res } from '@nestjs/common';
import { ApiOkResponse, ApiServiceUnavailableResponse, ApiTags } from '@nestjs/swagger';
import { SkipThrottle } from '@nestjs/throttler';
import type { Response } from 'express';
import { Health } from '../../platform/health/health.js';
import { Public } from '../../platform/http/public.decorator.js';
import { Weighs } from '../../platform/throttling/shedding.guard.js';
import { ChatHealthDto } from './chat.dto.js';
import { presentDatabase, presentHealth } from './chat-health.presenter.js';

/** For load balancers, as `/livez` and `/readyz` are. */
@ApiTags('dialect: chat')
@Public()
@SkipThrottle()
@Weighs('vital')
@Controller()
export class ChatController {
  constructor(private readonly health: Health) {}

  @Get()
  @ApiOkResponse({ type: ChatHealthDto })
  root(): ChatHealthDto {
    return presentHealth();
  }

  @Get('test-db')
  @ApiOkResponse({ type: ChatHealthDto })
  @ApiServiceUnavailableResponse({ type: ChatHealthDto })
  async database(@Res({ passthrough: true }) response: Response): Promise<ChatHealthDto> {
    const { status, body } = presentDatabase(await this.health.report());
    response.status(status);
    return body;
  }
}
