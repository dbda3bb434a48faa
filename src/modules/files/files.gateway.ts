import { Gateway, OnFrame } from '../../platform/realtime/commands/gateway.decorators.js';
import { SendsSignal } from '../../platform/realtime/protocol/declared-signals.js';
import type { LiveConnection } from '../../platform/realtime/connection/live-connection.js';
import { FileData, FileFrameDto } from './files.dto.js';
import { FILE_SCANNED, ScannedFileData } from './files.events.js';
import { FilesService } from './files.service.js';
import { CALL_LIMIT } from '../../platform/throttling/limits.js';

/** Socket edge of files: returns the state of a file. The end of a scan is announced by the worker that made it. */
@Gateway()
@SendsSignal(FILE_SCANNED, ScannedFileData, 'The scan of a file is complete: the file is ready or rejected.')
export class FilesGateway {
  constructor(private readonly files: FilesService) {}

  @OnFrame('file.get', FileFrameDto, {
    limit: CALL_LIMIT,
    scope: 'messages:read',
    summary: 'Returns the state of a file',
    reply: FileData,
  })
  async get({ actor }: LiveConnection, { file_id }: FileFrameDto): Promise<FileData> {
    return { file: await this.files.get(actor, file_id) };
  }
}
