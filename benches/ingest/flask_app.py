"""The same door written as usual: Flask takes one JSON object, boto3 puts it into the table."""

import os
import time
import uuid
from decimal import Decimal

import boto3
from botocore.config import Config
from flask import Flask, json, request

THREADS = int(os.environ["THREADS"])

app = Flask(__name__)
table = boto3.resource(
    "dynamodb",
    endpoint_url=os.environ["STUB"],
    region_name="us-east-1",
    aws_access_key_id="test",
    aws_secret_access_key="test",
    config=Config(max_pool_connections=THREADS),
).Table("readings")


@app.post("/")
def store():
    # boto3 refuses floats, and a float would not keep its digits.
    document = json.loads(request.get_data(), parse_float=Decimal)
    document.setdefault("id", str(uuid.uuid4()))
    document.setdefault("timestamp", int(time.time()))
    table.put_item(Item=document)
    return "", 204
