// Reads questions as JSON from standard input and writes IAM's answers, in their order.
import { readFileSync } from "node:fs";

import { runSimulation } from "@cloud-copilot/iam-simulate";

const answers = [];
for (const question of JSON.parse(readFileSync(0, "utf8"))) {
  const answer = await runSimulation(
    {
      identityPolicies: [{ name: "granted", policy: question.policy }],
      request: {
        action: question.action,
        contextVariables: question.context,
        principal: question.principal,
        resource: { accountId: question.account, resource: question.resource },
      },
      resourceControlPolicies: [],
      resourcePolicy: question.resourcePolicy ?? undefined,
      serviceControlPolicies: [],
    },
    {},
  );
  // What it cannot make sense of is no answer, and must not count as a refusal.
  if (answer.resultType === "error" || !answer.overallResult) {
    throw new Error(`${question.action} on ${question.resource}: ${JSON.stringify(answer)}`);
  }
  answers.push(answer.overallResult);
}
process.stdout.write(JSON.stringify(answers));
