import { SetMetadata } from '@nestjs/common';

export const PUBLIC = 'parley:public';

/** The route (or every route of the controller) needs no credential. All other routes are denied without one. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);
