import type { SwaggerTransformObject } from "@fastify/swagger";
import { jsonSchemaTransformObject } from "fastify-type-provider-zod";

/** Every schema as a component, once for requests and once for answers, without those that nothing refers to. */
export const withComponents: SwaggerTransformObject = (document) => {
  const complete = jsonSchemaTransformObject(document) as { components?: { schemas?: { readonly [name: string]: unknown } } };
  const schemas = complete.components?.schemas ?? {};
  const used = new Set<string>();
  const visit = (value: unknown): void => {
    for (const [, name = ""] of JSON.stringify(value ?? {}).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      visit(schemas[name]);
    }
  };
  visit({ ...complete, components: undefined });
  return { ...complete, components: { ...complete.components, schemas: Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name))) } } as ReturnType<SwaggerTransformObject>;
};
