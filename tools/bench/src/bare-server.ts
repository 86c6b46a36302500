import fastify from "fastify";

// The least that a Fastify route can cost: what the routes of `hilum serve` are set beside.
const app = fastify();
app.get("/", async () => ({ status: "up" }));
process.once("SIGTERM", () => void app.close());
process.stdout.write(`listening: ${await app.listen({ host: "127.0.0.1", port: 0 })}\n`);
