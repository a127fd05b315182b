// The producer of the BullMQ bench: adds a job for each mail, 20 under way, and writes a row for each as bench/pace.py says.
const fs = require("fs");
const { Queue } = require("bullmq");

const [count, rate, run, out] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4], process.argv[5]];
const queue = new Queue("mails", { connection: { host: "127.0.0.1", port: Number(process.env.BENCH_REDIS) } });
const rows = [];
const now = () => process.hrtime.bigint();
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

async function line(begin, state) {
  while (state.next < count) {
    const number = state.next++;
    let due = rate ? begin + BigInt(Math.floor((number / rate) * 1e9)) : now();
    const wait = Number(due - now()) / 1e6;
    if (wait > 0) await sleep(wait);
    const to = `${run}${number}@sink.example`;
    const link = `https://shop.example/reset?token=${run}${number.toString(16).padStart(32, "0")}`;
    const data = { to, name: `User ${number}`, link, subject: `Reset your password ${number}` };
    const sent = now();
    if (due > sent) due = sent;
    await queue.add("reset", data, { removeOnComplete: true });
    rows.push(`["${to}", ${due}, ${sent}, ${now()}, true]\n`);
  }
}

async function main() {
  await queue.waitUntilReady();
  const begin = now();
  const state = { next: 0 };
  await Promise.all(Array.from({ length: 20 }, () => line(begin, state)));
  fs.writeFileSync(out, rows.join(""));
  await queue.close();
}

main();
