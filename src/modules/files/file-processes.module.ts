import { Module } from '@nestjs/common';
import { FileProcesses, FileProcessSettings } from './file-processes.js';

/** The processes that inspect files: one pool for the uploads and the scans of a process. */
@Module({ providers: [FileProcesses, FileProcessSettings], exports: [FileProcesses] })
export class FileProcessesModule {}
