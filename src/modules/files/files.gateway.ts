import { Gateway, OnFrame } from '../../platform/realtime/commands/frames.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { type FileDto, FileFrameDto } from './files.dto.js';
import { FilesService } from './files.service.js';

/** Socket edge of files: returns the state of a file. The end of a scan is announced by the worker that made it. */
@Gateway()
export class FilesGateway {
  constructor(private readonly files: FilesService) {}

  @OnFrame('file.get', FileFrameDto, { limit: 'call', summary: 'Returns the state of a file' })
  async get({ actor }: LiveConnection, { file_id }: FileFrameDto): Promise<{ file: FileDto }> {
    return { file: await this.files.get(actor, file_id) };
  }
}
