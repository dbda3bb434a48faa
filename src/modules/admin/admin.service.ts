import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/http/actor.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { AdminHealthDto, AdminMetricsDto, AdminQueuesDto, AdminStatsDto } from './admin.dto.js';
import { DashboardStats } from './dashboard-stats.js';
import { NodeMetrics } from './node-metrics.js';

/** Seeing what the system does: for admins, whose rank is read from the database each time. */
@Injectable()
export class AdminService {
  constructor(
    private readonly users: UsersPolicy,
    private readonly dashboard: DashboardStats,
    private readonly metricsReader: NodeMetrics,
  ) {}

  /** The whole installation. @throws PermissionDenied */
  async stats(actor: Actor): Promise<AdminStatsDto> {
    await this.users.requireRank(actor, 'admin');
    return this.dashboard.read();
  }

  /** The process that answers. @throws PermissionDenied */
  async metrics(actor: Actor): Promise<AdminMetricsDto> {
    await this.users.requireRank(actor, 'admin');
    return this.metricsReader.metrics();
  }

  /** The process that answers, with what went wrong last. @throws PermissionDenied */
  async health(actor: Actor): Promise<AdminHealthDto> {
    await this.users.requireRank(actor, 'admin');
    return this.metricsReader.health();
  }

  /** Background work that waits. @throws PermissionDenied, ServiceUnavailable */
  async queues(actor: Actor): Promise<AdminQueuesDto> {
    await this.users.requireRank(actor, 'admin');
    return this.dashboard.queues();
  }
}
