// Reads two templates as JSON from standard input; writes what CloudFormation would do
// to each resource of the first: logical id -> impact, as the CDK's own diff names it.
import { readFileSync } from "node:fs";

import { fullDiff } from "@aws-cdk/cloudformation-diff";

const { before, after } = JSON.parse(readFileSync(0, "utf8"));
const changes = fullDiff(before, after).resources.changes;
const impacts = {};
for (const logicalId of Object.keys(before.Resources)) {
  impacts[logicalId] = changes[logicalId]?.changeImpact ?? "NO_CHANGE";
}
process.stdout.write(JSON.stringify(impacts));
