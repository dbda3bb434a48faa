import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
} from '@nestjs/swagger';
import { Throws } from '../../platform/errors/throws.decorator.js';
import type { Actor } from '../../platform/identity/actor.js';
import { CurrentActor } from '../../platform/http/current-actor.decorator.js';
import { NotIdempotent } from '../../platform/http/idempotency.interceptor.js';
import { DeliveriesService } from './deliveries.service.js';
import { webhookCatalogue } from './webhook-catalogue.js';
import {
  CreateWebhookDto,
  DeliveryDto,
  DeliveryPageDto,
  ListDeliveriesQuery,
  ReplayDto,
  ReplayedDto,
  RotateSecretDto,
  UpdateWebhookDto,
  WebhookCatalogueDto,
  WebhookDto,
  WebhookPageDto,
  WebhookPageQuery,
  WebhookParams,
  WebhookWithSecretDto,
} from './webhooks.dto.js';
import {
  DeliveryNotFound,
  TooManyWebhooks,
  TooManyWebhooksForHost,
  WebhookDisabled,
  WebhookNotFound,
} from './webhooks.errors.js';
import { WebhooksService } from './webhooks.service.js';
import { RequiresScope } from '../../platform/http/scope.decorator.js';

@ApiTags('webhooks')
@ApiBearerAuth()
@RequiresScope('webhooks')
@Controller('api/v1')
export class WebhooksController {
  constructor(
    private readonly webhooks: WebhooksService,
    private readonly deliveries: DeliveriesService,
  ) {}

  @Post('webhooks')
  @ApiOperation({ summary: 'Creates a webhook; only this response contains the secret.' })
  @NotIdempotent()
  @ApiCreatedResponse({ type: WebhookWithSecretDto })
  @Throws(TooManyWebhooks, TooManyWebhooksForHost)
  create(@CurrentActor() actor: Actor, @Body() dto: CreateWebhookDto): Promise<WebhookWithSecretDto> {
    return this.webhooks.create(actor, dto);
  }

  @Get('webhooks')
  @ApiOperation({ summary: 'The caller’s webhooks.' })
  @ApiOkResponse({ type: WebhookPageDto })
  list(@CurrentActor() actor: Actor, @Query() query: WebhookPageQuery): Promise<WebhookPageDto> {
    return this.webhooks.list(actor, query);
  }

  @Get('webhooks/events')
  @ApiOperation({ summary: 'The types of events that a webhook can subscribe to, with samples.' })
  @ApiOkResponse({ type: WebhookCatalogueDto })
  catalogue(): WebhookCatalogueDto {
    return webhookCatalogue();
  }

  @Get('webhooks/:id')
  @ApiOperation({ summary: 'One webhook.' })
  @ApiOkResponse({ type: WebhookDto })
  @Throws(WebhookNotFound)
  get(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams): Promise<WebhookDto> {
    return this.webhooks.get(actor, id);
  }

  @Patch('webhooks/:id')
  @ApiOperation({ summary: 'Changes a webhook, or enables it again.' })
  @ApiOkResponse({ type: WebhookDto })
  @Throws(WebhookNotFound, TooManyWebhooksForHost)
  update(
    @CurrentActor() actor: Actor,
    @Param() { id }: WebhookParams,
    @Body() dto: UpdateWebhookDto,
  ): Promise<WebhookDto> {
    return this.webhooks.update(actor, id, dto);
  }

  @Delete('webhooks/:id')
  @ApiOperation({ summary: 'Deletes a webhook with its deliveries.' })
  @HttpCode(204)
  @ApiNoContentResponse()
  @Throws(WebhookNotFound)
  delete(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams): Promise<void> {
    return this.webhooks.delete(actor, id);
  }

  @Post('webhooks/:id/rotate-secret')
  @ApiOperation({ summary: 'Creates a new secret; the previous one also signs for 24 hours.' })
  @HttpCode(200)
  @NotIdempotent()
  @ApiOkResponse({ type: WebhookWithSecretDto })
  @Throws(WebhookNotFound)
  rotateSecret(
    @CurrentActor() actor: Actor,
    @Param() { id }: WebhookParams,
    @Body() dto: RotateSecretDto,
  ): Promise<WebhookWithSecretDto> {
    return this.webhooks.rotateSecret(actor, id, dto);
  }

  @Post('webhooks/:id/verification')
  @ApiOperation({ summary: 'Sends a challenge to the URL of a webhook again.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: WebhookDto })
  @Throws(WebhookNotFound, WebhookDisabled)
  requestVerification(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams): Promise<WebhookDto> {
    return this.webhooks.requestVerification(actor, id);
  }

  @Post('webhooks/:id/ping')
  @ApiOperation({ summary: 'Sends a test event to a webhook.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: DeliveryDto })
  @Throws(WebhookNotFound, WebhookDisabled)
  ping(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams): Promise<DeliveryDto> {
    return this.deliveries.ping(actor, id);
  }

  @Get('webhooks/:id/deliveries')
  @ApiOperation({ summary: 'The deliveries of a webhook, newest first.' })
  @ApiOkResponse({ type: DeliveryPageDto })
  @Throws(WebhookNotFound)
  listDeliveries(
    @CurrentActor() actor: Actor,
    @Param() { id }: WebhookParams,
    @Query() query: ListDeliveriesQuery,
  ): Promise<DeliveryPageDto> {
    return this.deliveries.list(actor, id, query);
  }

  @Post('webhooks/:id/replay')
  @ApiOperation({ summary: 'Sends failed deliveries of a webhook again.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: ReplayedDto })
  @Throws(WebhookNotFound, WebhookDisabled)
  replay(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams, @Body() dto: ReplayDto): Promise<ReplayedDto> {
    return this.deliveries.replay(actor, id, dto);
  }

  @Post('deliveries/:id/replay')
  @ApiOperation({ summary: 'Sends one delivery again.' })
  @HttpCode(202)
  @ApiAcceptedResponse({ type: DeliveryDto })
  @Throws(DeliveryNotFound, WebhookDisabled)
  replayOne(@CurrentActor() actor: Actor, @Param() { id }: WebhookParams): Promise<DeliveryDto> {
    return this.deliveries.replayOne(actor, id);
  }
}
