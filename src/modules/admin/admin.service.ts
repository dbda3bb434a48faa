import { Injectable } from '@nestjs/common';
import type { Actor } from '../../platform/identity/actor.js';
import { UsersPolicy } from '../users/users.policy.js';
import type { AdminHealthDto, AdminMetricsDto, AdminQueuesDto } from './monitoring/monitoring.dto.js';
import type { AdminStatsDto } from './monitoring/stats.dto.js';
import { DashboardStats } from './monitoring/dashboard-stats.js';
import { NodeMetrics } from './monitoring/node-metrics.js';

/** Statistics, metrics and health for admins, whose role is read from the database at every call. */
@Injectable()
export class AdminService {
  constructor(
    private readonly users: UsersPolicy,
    private readonly dashboard: DashboardStats,
    private readonly metricsReader: NodeMetrics,
  ) {}

  /** Statistics of the whole installation. @throws PermissionDenied */
  async stats(actor: Actor): Promise<AdminStatsDto> {
    await this.users.requireRank(actor, 'admin');
    return this.dashboard.read();
  }

  /** Metrics of this process. @throws PermissionDenied */
  async metrics(actor: Actor): Promise<AdminMetricsDto> {
    await this.users.requireRank(actor, 'admin');
    return this.metricsReader.metrics();
  }

  /** Health of this process, with its last errors. @throws PermissionDenied */
  async health(actor: Actor): Promise<AdminHealthDto> {
    await this.users.requireRank(actor, 'admin');
    return this.metricsReader.health();
  }

  /** Pending background work. @throws PermissionDenied, ServiceUnavailable */
  async queues(actor: Actor): Promise<AdminQueuesDto> {
    await this.users.requireRank(actor, 'admin');
    return this.dashboard.queues();
  }
}
