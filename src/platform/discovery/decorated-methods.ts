import { Injectable, type Type, Module } from '@nestjs/common';
import { DiscoveryService, DiscoveryModule } from '@nestjs/core';

type AnyMethod = (...args: never[]) => unknown;
type Provider = ReturnType<DiscoveryService['getProviders']>[number];

interface Declaration {
  readonly decorator: symbol;
  readonly methodName: string | symbol;
  readonly options: unknown;
}

/** A decorated method of a provider or controller, bound to its instance. */
export interface DecoratedMethod<Options, Method> {
  readonly options: Options;
  readonly method: Method;
  readonly providerClass: Type<object>;
}

const DECLARATIONS = Symbol('declarations of decorated methods');

function declarationsOf(type: object): readonly Declaration[] {
  return (Reflect.getMetadata(DECLARATIONS, type) as Declaration[] | undefined) ?? [];
}

/**
 * A decorator for methods of the type `Method`: on any other method it does not compile. `DecoratedMethods` finds its
 * methods by `decorator`, whose description names it in errors.
 *
 * @throws Error on a static method
 */
export function methodDecorator<Method extends AnyMethod>(decorator: symbol, options: unknown) {
  return <Decorated extends Method>(
    prototype: object,
    methodName: string | symbol,
    _descriptor: TypedPropertyDescriptor<Decorated>,
  ): void => {
    if (typeof prototype === 'function') {
      throw new Error(`${prototype.name}.${String(methodName)} has ${decorator.description}, but it is static.`);
    }
    const declarations = [...declarationsOf(prototype.constructor), { decorator, methodName, options }];
    Reflect.defineMetadata(DECLARATIONS, declarations, prototype.constructor);
  };
}

/** Whether a method of a class has the decorator. */
export function isDecorated(type: Type<object>, methodName: string, decorator: symbol): boolean {
  return declarationsOf(type).some(
    (declared) => declared.decorator === decorator && declared.methodName === methodName,
  );
}

/**
 * The decorated methods of all providers and controllers, found in one scan when all instances exist. They are in the
 * order of the modules in the imports of the root module, then of the providers in a module, then of the methods in a
 * class.
 */
@Injectable()
export class DecoratedMethods {
  private byDecorator: Map<symbol, DecoratedMethod<unknown, unknown>[]> | undefined;

  constructor(private readonly discovery: DiscoveryService) {}

  /**
   * `Options` and `Method` are those of the decorator.
   *
   * @throws Error when a class with decorated methods is not a singleton or has two instances
   */
  of<Options, Method>(decorator: symbol): DecoratedMethod<Options, Method>[] {
    this.byDecorator ??= this.scan();
    return (this.byDecorator.get(decorator) ?? []) as DecoratedMethod<Options, Method>[];
  }

  private scan(): Map<symbol, DecoratedMethod<unknown, unknown>[]> {
    const found = new Map<symbol, DecoratedMethod<unknown, unknown>[]>();
    const instances = new Map<object, object>();
    for (const provider of [...this.discovery.getProviders(), ...this.discovery.getControllers()]) {
      const instance = provider.instance as object | null | undefined;
      const type = instance?.constructor as Type<object> | undefined;
      if (!instance || !type || instances.get(type) === instance) continue; // a provider with two tokens is one instance
      const declarations = declarationsOf(type);
      if (declarations.length === 0) continue;
      const problem = problemOf(provider, instances.has(type));
      if (problem) throw new Error(`${type.name} has ${declarations[0]!.decorator.description}, but it ${problem}.`);
      instances.set(type, instance);
      for (const { decorator, methodName, options } of declarations) {
        const method = (instance as Record<string | symbol, AnyMethod>)[methodName]!.bind(instance);
        const methods = found.get(decorator);
        const decorated = { options, method, providerClass: type };
        if (methods) methods.push(decorated);
        else found.set(decorator, [decorated]);
      }
    }
    return found;
  }
}

/** A second instance would do everything twice, and an instance of another scope does not exist before a request. */
function problemOf(provider: Provider, isSecond: boolean): string | undefined {
  if (provider.isTransient || !provider.isDependencyTreeStatic())
    return 'is not a singleton: give it the default scope';
  return isSecond ? 'has two instances: provide it in one module' : undefined;
}

/** Imported by each module that binds the methods of a decorator at start. */
@Module({ imports: [DiscoveryModule], providers: [DecoratedMethods], exports: [DecoratedMethods] })
export class DecoratedMethodsModule {}
