// What people write: a BullMQ worker that fills a template and hands the mail to nodemailer, which signs it.
const fs = require("fs");
const { Worker } = require("bullmq");
const nodemailer = require("nodemailer");

const folder = process.env.BENCH_TEMPLATES;
const text = fs.readFileSync(`${folder}/reset.txt`, "utf8");
const html = fs.readFileSync(`${folder}/reset.html`, "utf8");
const fill = (template, data) => template.replace(/\{\{ name \}\}/g, data.name).replace(/\{\{ link \}\}/g, data.link);
const transport = nodemailer.createTransport({
  host: "127.0.0.1",
  port: Number(process.env.BENCH_SMTP),
  secure: false,
  ignoreTLS: true,
  pool: true,
  maxConnections: 5,
  maxMessages: Infinity,
  dkim: { domainName: "shop.example", keySelector: "bench", privateKey: fs.readFileSync(process.env.BENCH_KEY, "utf8") },
});

const worker = new Worker(
  "mails",
  async (job) => {
    await transport.sendMail({
      from: "Shop <noreply@shop.example>",
      to: job.data.to,
      replyTo: "help@shop.example",
      subject: job.data.subject,
      text: fill(text, job.data),
      html: fill(html, job.data),
    });
  },
  { connection: { host: "127.0.0.1", port: Number(process.env.BENCH_REDIS) }, concurrency: 20 },
);
worker.on("failed", (job, error) => console.error("failed", error.message));
worker.on("error", (error) => console.error("error", error.message));
worker.waitUntilReady().then(() => console.log("ready"));
process.on("SIGTERM", async () => {
  await worker.close(true);
  process.exit(0);
});
