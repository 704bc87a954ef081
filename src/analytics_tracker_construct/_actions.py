"""The actions of IAM that are granted, for the construct and the command line.

It imports nothing, as the command line must not wait for the CDK.
"""

from __future__ import annotations

STORE = "s3:PutObject"
HAND_OVER = "s3:PutObjectAcl"
READ = "s3:GetObject"
LIST = "s3:ListBucket"
LOCATE = "s3:GetBucketLocation"
KEEP_SALTS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")

SEND = "sqs:SendMessage"
#: What Lambda needs to hand a queue's messages to a function, under its role.
#: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
RECEIVE = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")

WRITE_LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")

#: What a PUT to a bucket with a KMS key needs; only multipart uploads, which the
#: function never makes, need more.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html
ENCRYPT = "kms:GenerateDataKey"
DECRYPT = "kms:Decrypt"
#: What a key must allow to who sends to a queue, keeps salts, or keeps results.
#: https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
#: https://docs.aws.amazon.com/athena/latest/ug/encryption.html
USE_KEY = (DECRYPT, ENCRYPT)
#: What a log group's key must allow to CloudWatch Logs.
#: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
KEEP_LOGS = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey*",
    "kms:ReEncrypt*",
)

#: Run queries in a workgroup, watch and stop them, and read their results.
#: https://docs.aws.amazon.com/athena/latest/ug/example-policies-workgroup.html
RUN = (
    "athena:BatchGetQueryExecution",
    "athena:GetQueryExecution",
    "athena:GetQueryResults",
    "athena:GetQueryResultsStream",
    "athena:GetQueryRuntimeStatistics",
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:StartQueryExecution",
    "athena:StopQueryExecution",
)
READ_QUERIES = (
    "athena:BatchGetNamedQuery",
    "athena:GetNamedQuery",
    "athena:ListNamedQueries",
)
#: https://docs.aws.amazon.com/athena/latest/ug/datacatalogs-example-policies.html
FIND_CATALOG = "athena:GetDataCatalog"
FIND_DATABASE = "glue:GetDatabase"
#: Partitions are projected, and Athena asks Glue for none. It is allowed to all the
#: same: where it asked, every query would fail.
#: https://docs.aws.amazon.com/athena/latest/ug/fine-grained-access-to-glue-resources.html
READ_RELATIONS = (FIND_DATABASE, "glue:GetPartitions", "glue:GetTable")
#: Larger results come in parts.
#: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
KEEP_RESULTS = (
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
)

#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
CHANGE_INTERFACES = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:UnassignPrivateIpAddresses",
)
#: IAM knows no resource for these: they are allowed for all or not at all.
LIST_INTERFACES = ("ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets")
