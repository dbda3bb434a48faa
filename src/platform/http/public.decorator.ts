import { SetMetadata } from '@nestjs/common';

export const PUBLIC = 'parley:public';

/** The route (or every route of the controller) answers without a credential. Everything else is denied without one. */
export const Public = (): ClassDecorator & MethodDecorator => SetMetadata(PUBLIC, true);
