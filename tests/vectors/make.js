// Makes kpl-node.bin with AWS's own library for producers on Node: npm install aws-kinesis-agg@4.2.8 && node make.js
"use strict";

const fs = require("fs");
const path = require("path");
const zlib = require("zlib");
const { RecordAggregator, deaggregateSync } = require("aws-kinesis-agg");

const userRecords = [
  { partitionKey: "key-1", explicitHashKey: "1", data: Buffer.from('{"id":"a"}') },
  { partitionKey: "key-2", data: zlib.gzipSync('{"id":"b"}') },
  { partitionKey: "key-1", data: Buffer.from('{"id":"c"}') },
];
const aggregator = new RecordAggregator();
userRecords.forEach((record) => aggregator.addUserRecord(record));
const { data } = aggregator.build();

deaggregateSync({ data: data.toString("base64"), sequenceNumber: "1" }, true, (error, read) => {
  if (error || read.length !== 3 || read[2].partitionKey !== "key-1") throw error || new Error("read otherwise");
});
fs.writeFileSync(path.join(__dirname, "kpl-node.bin"), data);
