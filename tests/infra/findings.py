"""Every finding of a reviewer's tool in an example that stays, with its reason."""

from __future__ import annotations

from analytics_tracker_construct import _acknowledgements as accepted

from .ledger import Entry

MINIMAL, EXISTING, TENANTS = "minimal", "existing_stack", "multi_tenant"
STANDALONE, HARDENED = "standalone", "hardened"
EVERY = (EXISTING, HARDENED, MINIMAL, TENANTS, STANDALONE)
#: Those that leave to the defaults what costs money.
USUAL = (EXISTING, MINIMAL, TENANTS, STANDALONE)
OWN_API = (HARDENED, MINIMAL, TENANTS, STANDALONE)
USUAL_API = (MINIMAL, TENANTS, STANDALONE)

_SHOP, _SITE, _APP = (
    f"Tracker/Tenants/{name}/Resource" for name in ("shop", "website", "mobile-app")
)
_SALTS, _RESULTS = "Tracker/Salts/Resource", "Tracker/Catalog/Results/Resource"
_LAKE, _ACCESS_LOGS = "Lake/Resource", "AccessLogs/Resource"
_FUNCTION, _WRITER = "Tracker/Function/Resource", "Tracker/Writer/Resource"
_FUNCTIONS = (_FUNCTION, _WRITER)
_LOGS = ("Tracker/Logs/Resource", "Tracker/WriterLogs/Resource")
_ROLE, _WRITER_ROLE, _ANALYST, _FLOW_ROLE = (
    f"{name}/DefaultPolicy/Resource"
    for name in ("Tracker/Role", "Tracker/WriterRole", "Analyst", "Vpc/FlowLog/IAMRole")
)
_STAGE = "DeploymentStage.prod/Resource"
_OWN_STAGE = f"Tracker/Api/{_STAGE}"
_HOST_STAGES = (f"Api/{_STAGE}", f"PartnerApi/{_STAGE}")
_POST, _OPTIONS, _GET, _GET_SCRIPT = (
    f"Tracker/Routes/{name}/Resource"
    for name in ("Post", "Options", "Get", "GetScript")
)
_EMAIL = "Alarms/ops@example.com/Resource"


def _in(rule: str, *packs: str) -> tuple[str, ...]:
    """A rule that several of cdk-nag's packs have."""
    return tuple(f"{pack}-{rule}" for pack in packs)


_NIST, _HIPAA, _PCI = "NIST.800.53.R5", "HIPAA.Security", "PCI.DSS.321"
_ALL_LAWS = (_NIST, _HIPAA, _PCI)

_LOGGED = ("AwsSolutions-S1", *_in("S3BucketLoggingEnabled", *_ALL_LAWS), "CKV_AWS_18")
_VERSIONED = (*_in("S3BucketVersioningEnabled", *_ALL_LAWS), "CKV_AWS_21")
_REPLICATED = _in("S3BucketReplicationEnabled", *_ALL_LAWS)
_OWN_KEY = _in("S3DefaultEncryptionKMS", *_ALL_LAWS)
_CONCURRENCY = (*_in("LambdaConcurrency", _NIST, _HIPAA), "CKV_AWS_115")
_DEAD_LETTERS = (*_in("LambdaDLQ", "Serverless", _NIST, _HIPAA), "CKV_AWS_116")
_AUTHORIZED = ("AwsSolutions-APIG4", "AwsSolutions-COG4", "CKV_AWS_59")
_EXECUTION_LOGS = (
    "AwsSolutions-APIG6",
    *_in("APIGWExecutionLoggingEnabled", *_ALL_LAWS),
)
_API_LOGS = ("AwsSolutions-APIG1", "Serverless-APIGWAccessLogging", "CKV_AWS_76")
_FIREWALL = ("AwsSolutions-APIG3", *_in("APIGWAssociatedWithWAF", _NIST, _PCI))
_CACHE = (*_in("APIGWCacheEnabledAndEncrypted", *_ALL_LAWS), "CKV_AWS_120")
_CERTIFICATE = _in("APIGWSSLEnabled", *_ALL_LAWS)
_TRACED = (*_in("APIGWXrayEnabled", "Serverless", _HIPAA), "CKV_AWS_73")

_API, _RIGHTS, _BUCKETS = "the API", "rights", "buckets"
_CODE, _KEYS, _HOST = "functions", "keys", "the host's own"

_LOGS_COST = accepted.BUCKET_LOGS.reason
_ONE_REGION = (
    "which other region may hold a copy is the owner's to say; one who needs a copy "
    "passes a bucket that is replicated"
)
_KEY_COSTS = (
    "encrypted with a key of AWS's own; one of KMS's costs by the month and the "
    "request; `encryption_key` sets it"
)
_THEIRS = "the host's own, as it was before the tracker came"

_DOOR = "the front door, where the minimal example has one"
_DISTRIBUTION = "Tracker/FrontDoor/Distribution/Resource"
_SECRET = ("Tracker/FrontDoor/Secret1/Resource",)

#: What is found besides where the minimal example has a front door.
FRONT_DOOR = (
    *(
        Entry(_DOOR, reason, (rule,), (_DISTRIBUTION,), (MINIMAL,))
        for rule, reason in (
            ("AwsSolutions-CFR1", accepted.COUNTRIES.reason),
            ("AwsSolutions-CFR2", accepted.EDGE_FIREWALL.reason),
            ("AwsSolutions-CFR3", accepted.EDGE_LOGS.reason),
            ("AwsSolutions-CFR4", accepted.EDGE_CERTIFICATE.reason),
        )
    ),
    Entry(
        _DOOR,
        accepted.SECRET.reason,
        ("AwsSolutions-SMG4", *_in("SecretsManagerRotationEnabled", _NIST, _HIPAA)),
        _SECRET,
        (MINIMAL,),
    ),
    Entry(
        _DOOR,
        _KEY_COSTS,
        _in("SecretsManagerUsingKMSKey", *_ALL_LAWS),
        _SECRET,
        (MINIMAL,),
    ),
)

ENTRIES = (
    Entry(_API, accepted.EVENTS.reason, _AUTHORIZED, (_POST,), EVERY),
    Entry(_API, accepted.IMAGES.reason, _AUTHORIZED, (_GET,), EVERY),
    Entry(_API, accepted.SCRIPT.reason, _AUTHORIZED, (_GET_SCRIPT,), EVERY),
    Entry(
        _API,
        accepted.PREFLIGHTS.reason,
        ("AwsSolutions-APIG4",),
        (_OPTIONS,),
        EVERY,
    ),
    Entry(
        _API,
        accepted.REST_LOGS.reason,
        _API_LOGS,
        (_OWN_STAGE,),
        USUAL_API,
    ),
    Entry(
        _API,
        accepted.FIREWALL.reason,
        _FIREWALL,
        (_OWN_STAGE,),
        USUAL_API,
    ),
    Entry(
        _API,
        accepted.EXECUTION_LOGS.reason,
        _EXECUTION_LOGS,
        (_OWN_STAGE,),
        OWN_API,
    ),
    Entry(
        _API,
        "each request is an event: one answered from a cache would not be stored",
        _CACHE,
        (_OWN_STAGE,),
        OWN_API,
    ),
    Entry(
        _API,
        "the certificate is shown to a backend's web server; behind this API is a "
        "function, which IAM lets in",
        _CERTIFICATE,
        (_OWN_STAGE,),
        OWN_API,
    ),
    Entry(
        _API,
        "a trace of API Gateway's holds the viewer's address, which is never kept",
        _TRACED,
        (_OWN_STAGE,),
        OWN_API,
    ),
    Entry(
        _API,
        "a log line of WAF's holds the viewer's address, which is never kept; its "
        "metrics count each rule",
        _in("WAFv2LoggingEnabled", *_ALL_LAWS),
        ("WebAcl",),
        (HARDENED,),
    ),
    *(
        Entry(
            _RIGHTS,
            accepted.EVENT_KEYS.reason,
            ("AwsSolutions-IAM5",),
            (_ROLE, _WRITER_ROLE),
            examples,
            (f"Resource::{bucket}/analytics/*",),
        )
        for bucket, examples in (
            ("arn:<AWS::Partition>:s3:::website-analytics", (MINIMAL,)),
            ("<Lake.Arn>", (EXISTING,)),
            ("<TrackerTenantsshop.Arn>", (HARDENED, TENANTS)),
            ("<TrackerTenantswebsite.Arn>", (STANDALONE, TENANTS)),
            ("<TrackerTenantsmobileapp.Arn>", (TENANTS,)),
        )
    ),
    Entry(
        _RIGHTS,
        accepted.SALT_KEYS.reason,
        ("AwsSolutions-IAM5",),
        (_ROLE,),
        EVERY,
        ("Resource::<TrackerSalts.Arn>/salts/*",),
    ),
    Entry(
        _RIGHTS,
        accepted.INTERFACES.reason,
        ("AwsSolutions-IAM5",),
        (_ROLE, _WRITER_ROLE),
        (HARDENED,),
        tuple(
            f"Resource::arn:<AWS::Partition>:ec2:<AWS::Region>:<AWS::AccountId>:{kind}/*"
            for kind in ("network-interface", "security-group", "subnet")
        ),
    ),
    Entry(
        _RIGHTS,
        accepted.INTERFACE_LISTS.reason,
        ("AwsSolutions-IAM5",),
        (_ROLE, _WRITER_ROLE),
        (HARDENED,),
        ("Resource::*",),
    ),
    Entry(
        _RIGHTS,
        "an analyst reads every event of the tenant",
        ("AwsSolutions-IAM5",),
        (_ANALYST,),
        (HARDENED, TENANTS),
        ("Resource::<TrackerTenantsshop.Arn>/analytics/*",),
    ),
    *(
        Entry(
            _RIGHTS,
            "Athena names each result, below a folder that is the tenant's alone",
            ("AwsSolutions-IAM5",),
            (_ANALYST,),
            (example,),
            (f"Resource::<TrackerCatalogResults.Arn>/results/{database}/shop/*",),
        )
        for example, database in (
            (HARDENED, "audited_tracker_catalog"),
            (TENANTS, "analytics_tracker_catalog"),
        )
    ),
    *(
        Entry(
            _RIGHTS,
            "a policy of one role alone, which nobody can attach to another",
            _in("IAMNoInlinePolicy", *_ALL_LAWS),
            places,
            examples,
        )
        for places, examples in (
            ((_ROLE, _WRITER_ROLE), EVERY),
            ((_ANALYST,), (HARDENED, TENANTS)),
            ((_FLOW_ROLE,), (HARDENED,)),
        )
    ),
    Entry(_BUCKETS, _LOGS_COST, _LOGGED, (_SALTS, _RESULTS), USUAL),
    Entry(_BUCKETS, _LOGS_COST, _LOGGED, (_SITE,), (STANDALONE, TENANTS)),
    Entry(_BUCKETS, _LOGS_COST, _LOGGED, (_SHOP, _APP), (TENANTS,)),
    Entry(
        _BUCKETS,
        "the bucket that takes the logs: its own would never end",
        ("CKV_AWS_18",),
        (_ACCESS_LOGS,),
        (HARDENED,),
    ),
    Entry(
        _BUCKETS,
        "a version would be a copy of a salt that outlives its day, and with it "
        "addresses could be found",
        _VERSIONED,
        (_SALTS,),
        EVERY,
    ),
    Entry(
        _BUCKETS,
        "copies of what queries found, for a month; asked again, they are made again",
        _VERSIONED,
        (_RESULTS,),
        EVERY,
    ),
    *(
        Entry(
            _BUCKETS,
            "no write of the tracker's can replace an object; "
            "`add_tenant(versioned=True)` keeps what others delete",
            _VERSIONED,
            places,
            examples,
        )
        for places, examples in (
            ((_SITE,), (STANDALONE, TENANTS)),
            ((_SHOP, _APP), (TENANTS,)),
        )
    ),
    Entry(
        _BUCKETS,
        "a copy elsewhere would outlive the salt's day, and with it addresses could be "
        "found",
        _REPLICATED,
        (_SALTS,),
        EVERY,
    ),
    Entry(
        _BUCKETS,
        "copies of what queries found, for a month; a second copy helps nobody",
        _REPLICATED,
        (_RESULTS,),
        EVERY,
    ),
    Entry(_BUCKETS, _ONE_REGION, _REPLICATED, (_SITE,), (STANDALONE, TENANTS)),
    Entry(_BUCKETS, _ONE_REGION, _REPLICATED, (_SHOP,), (HARDENED, TENANTS)),
    Entry(_BUCKETS, _ONE_REGION, _REPLICATED, (_APP,), (TENANTS,)),
    Entry(
        _BUCKETS,
        "who asked for what, for a year; which other region may hold a copy is the "
        "owner's to say",
        _REPLICATED,
        (_ACCESS_LOGS,),
        (HARDENED,),
    ),
    Entry(_KEYS, _KEY_COSTS, _OWN_KEY, (_SALTS, _RESULTS), USUAL),
    Entry(_KEYS, _KEY_COSTS, _OWN_KEY, (_SITE,), (STANDALONE, TENANTS)),
    Entry(_KEYS, _KEY_COSTS, _OWN_KEY, (_SHOP, _APP), (TENANTS,)),
    Entry(
        _KEYS,
        "S3 delivers access logs to no bucket with a key of KMS's",
        _OWN_KEY,
        (_ACCESS_LOGS,),
        (HARDENED,),
    ),
    Entry(
        _KEYS,
        _KEY_COSTS,
        (*_in("CloudWatchLogGroupEncrypted", *_ALL_LAWS), "CKV_AWS_158"),
        _LOGS,
        USUAL,
    ),
    Entry(
        _KEYS,
        _KEY_COSTS,
        ("CKV_AWS_27",),
        ("Tracker/Queue/Resource", "Tracker/DeadLetterQueue/Resource"),
        USUAL,
    ),
    Entry(_KEYS, _KEY_COSTS, ("CKV_AWS_173",), (_FUNCTION,), USUAL),
    Entry(_KEYS, _KEY_COSTS, ("CKV_AWS_173",), (_WRITER,), (TENANTS,)),
    Entry(
        _KEYS,
        "an alarm's text has names and numbers, and no event; a key costs by the month",
        (*_in("SNSEncryptedKMS", *_ALL_LAWS), "CKV_AWS_26"),
        ("Alarms/Resource",),
        (TENANTS,),
    ),
    Entry(
        _CODE,
        "a reservation fails to deploy in small accounts; "
        "`reserved_concurrent_executions` makes one, and the throttle caps requests",
        _CONCURRENCY,
        (_FUNCTION,),
        USUAL,
    ),
    Entry(
        _CODE,
        "one invocation for each batch of a queue; where a limit turned it away, "
        "messages would use up their tries and become dead letters",
        _CONCURRENCY,
        (_WRITER,),
        EVERY,
    ),
    Entry(
        _CODE,
        "API Gateway waits for its answer: such a queue takes asynchronous calls only, "
        "and what could not be stored goes to the tracker's own",
        _DEAD_LETTERS,
        (_FUNCTION,),
        EVERY,
    ),
    Entry(
        _CODE,
        "Lambda's poller waits for its answer; what it could not store stays in the "
        "queue, which has a dead-letter queue",
        _DEAD_LETTERS,
        (_WRITER,),
        EVERY,
    ),
    Entry(
        _CODE,
        "a destination on failure is for streams; a queue has its dead-letter queue",
        ("Serverless-LambdaEventSourceMappingDestination",),
        ("Tracker/WriterSource/Resource",),
        EVERY,
    ),
    Entry(
        _CODE,
        "this is the dead-letter queue; after it there is `analytics-tracker replay`",
        ("Serverless-SQSRedrivePolicy",),
        ("Tracker/DeadLetterQueue/Resource",),
        EVERY,
    ),
    Entry(
        _CODE,
        "IAM knows no resource for writing traces, so the right would be for all; "
        "`enable_metrics` tells times and faults",
        ("Serverless-LambdaTracing",),
        _FUNCTIONS,
        EVERY,
    ),
    Entry(
        _CODE,
        "S3 and SQS are reached over TLS with IAM's rights; endpoints in a VPC cost by "
        "the hour; `vpc` puts the functions there",
        (*_in("LambdaInsideVPC", *_ALL_LAWS), "CKV_AWS_117"),
        _FUNCTIONS,
        USUAL,
    ),
    Entry(
        _CODE,
        "the CDK makes a function depend on its role's policy, and names the role too",
        ("W3005",),
        _FUNCTIONS,
        EVERY,
        ("DependsOn/1",),
    ),
    Entry(
        _CODE,
        "a mail that was lost says what CloudWatch shows all the same",
        ("Serverless-SNSRedrivePolicy",),
        (_EMAIL,),
        (HARDENED, TENANTS),
    ),
    Entry(
        "the network",
        "nothing uses the VPC's default group; to close it the CDK adds a function of "
        "its own that may change security groups",
        _in("VPCDefaultSecurityGroupClosed", *_ALL_LAWS),
        ("Vpc/Resource",),
        (HARDENED,),
    ),
    Entry(
        _HOST,
        _THEIRS,
        (
            *_API_LOGS,
            *_FIREWALL,
            *_EXECUTION_LOGS,
            *_CACHE,
            *_CERTIFICATE,
            *_TRACED,
            "Serverless-APIGWDefaultThrottling",
        ),
        _HOST_STAGES,
        (EXISTING,),
    ),
    Entry(
        _HOST,
        _THEIRS,
        ("AwsSolutions-APIG2",),
        ("Api/Resource", "PartnerApi/Resource"),
        (EXISTING,),
    ),
    Entry(
        _HOST,
        _THEIRS,
        _AUTHORIZED,
        ("Api/Default/status/GET/Resource",),
        (EXISTING,),
    ),
    Entry(
        _HOST,
        _THEIRS,
        (*_LOGGED, *_VERSIONED, *_REPLICATED),
        (_LAKE,),
        (EXISTING,),
    ),
    Entry(
        _HOST,
        "the host's own; S3 itself keeps a new bucket from being opened to the public",
        (
            *_in("S3BucketPublicReadProhibited", *_ALL_LAWS),
            *_in("S3BucketPublicWriteProhibited", *_ALL_LAWS),
            *(f"CKV_AWS_{number}" for number in (53, 54, 55, 56)),
        ),
        (_LAKE,),
        (EXISTING,),
    ),
)
