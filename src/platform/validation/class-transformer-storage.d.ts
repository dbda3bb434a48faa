/** Where class-transformer keeps what its decorators declared; the package publishes no types for this file. */
declare module 'class-transformer/cjs/storage.js' {
  interface TransformMetadata {
    readonly propertyName: string;
    readonly transformFn: (params: object) => unknown;
    readonly options: { readonly toPlainOnly?: boolean; readonly groups?: string[]; readonly since?: number };
  }

  export const defaultMetadataStorage: {
    findTransformMetadatas(target: object, property: string, type: number): TransformMetadata[];
    findTypeMetadata(target: object, property: string): object | undefined;
    findExposeMetadata(target: object, property: string): object | undefined;
    findExcludeMetadata(target: object, property: string): object | undefined;
  };
}
