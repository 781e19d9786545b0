/** Ten lines of Python that send a first task from the other side. */
export function firstTask(me: string, peer: string): string {
  const channel = JSON.stringify(`${peer}→${me}`);
  return [
    "import json, os, redis",
    "",
    'r = redis.from_url(os.environ["UPSTASH_REDIS_URL"])',
    `r.publish(${channel}, json.dumps({`,
    `    "from": ${JSON.stringify(peer)},`,
    '    "type": "task",',
    '    "data": {"what": "Say hello"},',
    "}))",
  ].join("\n");
}
