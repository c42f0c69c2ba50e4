// Reads a list of custom resources as JSON and prints, for each, what is wrong with it, as a JSON list.
// Usage: node custom_resources.mjs FOLDER   FOLDER has the models of the operators in node_modules
import { readFileSync } from 'node:fs';

const modules = ['prometheus-operator/monitoring.coreos.com/v1', 'cert-manager/cert-manager.io/v1',
  'external-secrets/external-secrets.io/v1'];
const models = {};
for (const module of modules) {
  const path = `${process.argv[2]}/node_modules/@kubernetes-models/${module}/index.js`;
  Object.assign(models, await import(path));
}

function problemOf(resource) {
  try {
    new models[resource.kind](resource).validate();
    return '';
  } catch (error) {
    return error.message;
  }
}

console.log(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(problemOf)));
