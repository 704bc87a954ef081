"""The construct: an event tracker with an API, a function and its tenants' buckets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import jsii
from aws_cdk import Duration, Names, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from constructs import Construct

from . import (
    _catalog_checks,
    _checks,
    _deployed_numbers,
    _distribution,
    _kinds,
    _numbers,
    _permissions,
    _places,
    _protection,
    _tenant_buckets,
    _tenant_checks,
)
from ._addresses import AddressMembers
from ._api_plan import ApiSettings
from ._asset import ENTRY
from ._buckets import KEPT, Keeping
from ._children import child_of
from ._delivery import DeliveryMembers, DeliveryParts
from ._distribution import FrontDoorMembers
from ._environment import BUCKET_CHARS, Environment, TenantEntry
from ._function import make_function, make_log_group, make_role, physical_name
from ._handler import settings
from ._monitoring import Monitoring, MonitoringMembers, monitor
from ._queue import make_queues
from ._salts import make_salt_bucket
from ._worst_day import worst_day_dollars
from ._writer import make_writer, visibility
from .api import TrackerApi, plan_of
from .catalog import EventCatalog
from .delivery import Delivery
from .front_door import FrontDoor
from .tenant import Tenant
from .write_key import WriteKey


@jsii.implements(iam.IGrantable)
class AnalyticsTracker(
    AddressMembers, DeliveryMembers, FrontDoorMembers, MonitoringMembers, Construct
):
    """A multi-tenant event tracker: API Gateway, a function, a bucket per tenant.

    By default each of four routes (`/track` with POST and OPTIONS, `/pixel.gif`,
    `/tracker.js`) takes 100 requests a second and bursts of 200; API Gateway counts
    each by itself. That caps a day at 8.64 million requests by each. Where POSTs and
    images bring one event each, they cost about 150 US dollars at list prices. The
    worst of such days costs about 2,500: each POST is a batch that becomes 10 objects,
    each request runs into its timeout, and what it brought is queued and stored once
    more. The routes of tenants with limits of their own come on top;
    `worst_day_dollars` is the sum.

    Args:
        scope: The stack or construct that it becomes a part of.
        construct_id: Its name there.
        allowed_buckets: Buckets that a request may name, or patterns with `*`.
            Default: only those of tenants.
        trusted_accounts: Other AWS accounts whose buckets may be written.
            Default: only the stack's own account.
        role: The function's role, where a bucket policy in another account must name
            it. It gets the rights that the function needs. The writer runs as it too,
            for the policy that lets one of them in must let in both. One that another
            stack of the app defines gets them by a policy in the tracker's stack. If
            several stacks import one, give each import a `default_policy_name` of its
            own, or they overwrite each other's rights.
            Default: a new role for each.
        cors_origin: `"*"`, or one or several origins that browsers may send from.
            Default: `"*"`.
        function_prefix: The function is called `<prefix>-analytics-tracker`, and the
            writer `<prefix>-analytics-writer`.
            Default: their names are made by CloudFormation.
        api_name: The name of an API that the tracker makes.
            Default: the function's, or one made from the construct's path.
        enable_metrics: Whether the function counts what it does in CloudWatch, with a
            dashboard.
            Default: no metrics.
        alarm_topic: Where alarms are sent; needs `enable_metrics`.
            Default: no alarms.
        lambda_timeout: How long the function may run, 3 to 29 s; a plain number is
            seconds.
            Default: 10 seconds.
        additional_policies: Statements added to the function's role. What it needs for
            a bucket, such as the right to use its key, the writer needs too: add that
            to `writer_role` as well.
            Default: none.
        api: Which API leads to the function, made by `TrackerApi`.
            Default: `TrackerApi.rest()`, a new REST API.
        front_door: A distribution of CloudFront's before a new API: country, region
            and city of viewers, host names of your own, and no other way in.
            Default: none.
        catalog: The database of the tenants' tables, where several trackers share it.
            It must be in the tracker's account and region.
            Default: a new one.
        delivery: When an event that was answered is in S3: `Delivery.DIRECT`, at once,
            or `Delivery.BUFFERED`, when the writer has gathered a batch.
            Default: `Delivery.DIRECT`.
        buffering_interval: How long the writer gathers a batch, 1 to 300 s; a plain
            number is seconds. Only with `Delivery.BUFFERED`.
            Default: 60 seconds.
        buffering_batch_size: How many messages, 1 to 10,000, the writer gathers at
            most; a message is what one request has for one bucket and day. Lambda
            ends a batch at 6 MB too. Only with `Delivery.BUFFERED`.
            Default: 10,000.
        honor_privacy_signals: Whether events that come with `Sec-GPC: 1` or `DNT: 1`
            are stored without ip, sessionId and userAgent.
            Default: they are.
        throttling_rate_limit: Requests a second that each route of an API of the
            tracker's takes.
            Default: 100.
        throttling_burst_limit: Requests that each such route takes at once.
            Default: 200.
        reserved_concurrent_executions: How many instances of the function may run, and
            always can.
            Default: no reservation; it would fail to deploy in small accounts.
        memory_size: MiB of memory, 128 to 10,240.
            Default: 512.
        log_retention: How long logs are kept.
            Default: one month.
        removal_policy: What happens to buckets, queues and log groups made here when
            the stack is deleted. A bucket with objects in it is never deleted.
            Default: they are kept, but not where making them failed.
        encryption_key: The KMS key of the buckets, queues, log groups and secrets made
            here and of the functions' environment. It must be in the tracker's account
            and region; its policy must let CloudWatch Logs use it, which is added
            where the key is defined in the app. A `catalog` that is given keeps
            results under its own key, and without one under S3's own keys.
            Default: AWS's own keys.
        server_access_logs_bucket: Where requests to the buckets made here are logged,
            below `salts/`, `results/` and `tenants/<name>/`. It has S3's own keys.
            Default: they are not logged.
        vpc: The VPC that both functions run in. They need endpoints for S3 (a gateway
            reaches buckets of the VPC's own region) and SQS, or a NAT; none for logs,
            which Lambda delivers itself. Where subnets are shared by another account,
            the roles need `ec2:CreateNetworkInterface` there too.
            Default: they run in no VPC of yours.
        vpc_subnets: Which of its subnets.
            Default: private ones.
        security_groups: The functions' security groups.
            Default: a new one, which lets nothing in and HTTPS out.

    Raises:
        ValueError: If an argument cannot work; the message names the way out.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        allowed_buckets: Sequence[str] = (),
        trusted_accounts: Sequence[str] = (),
        role: iam.IRole | None = None,
        cors_origin: str | Sequence[str] = "*",
        function_prefix: str | None = None,
        api_name: str | None = None,
        enable_metrics: bool = False,
        alarm_topic: sns.ITopic | None = None,
        lambda_timeout: Duration | float | None = None,
        additional_policies: Sequence[iam.PolicyStatement] = (),
        api: TrackerApi | None = None,
        front_door: FrontDoor | None = None,
        catalog: EventCatalog | None = None,
        delivery: Delivery = Delivery.DIRECT,
        buffering_interval: Duration | float | None = None,
        buffering_batch_size: int | None = None,
        honor_privacy_signals: bool = True,
        throttling_rate_limit: float | None = None,
        throttling_burst_limit: int | None = None,
        reserved_concurrent_executions: int | None = None,
        memory_size: int | None = None,
        log_retention: logs.RetentionDays | None = None,
        removal_policy: RemovalPolicy | None = None,
        encryption_key: kms.IKey | None = None,
        server_access_logs_bucket: s3.IBucket | None = None,
        vpc: ec2.IVpc | None = None,
        vpc_subnets: ec2.SubnetSelection | None = None,
        security_groups: Sequence[ec2.ISecurityGroup] | None = None,
    ) -> None:
        patterns = _checks.bucket_patterns(allowed_buckets)
        trusted = _checks.accounts(trusted_accounts)
        origins = _checks.cors_origins(cors_origin)
        timeout = _numbers.timeout(
            _deployed_numbers.TIMEOUT_SECONDS
            if lambda_timeout is None
            else lambda_timeout
        )
        statements = _checks.listed(
            "additional_policies", additional_policies, iam.PolicyStatement
        )
        plan = _distribution.behind(plan_of(api), front_door, scope)
        _catalog_checks.catalog(catalog, EventCatalog, scope)
        buffering = _numbers.buffering(
            delivery, buffering_interval, buffering_batch_size
        )
        if plan.existing:
            _checks.own_api_only(
                api_name=api_name,
                throttling_rate_limit=throttling_rate_limit,
                throttling_burst_limit=throttling_burst_limit,
            )
        _numbers.throttles(throttling_rate_limit, throttling_burst_limit)
        _kinds.flags(
            enable_metrics=enable_metrics, honor_privacy_signals=honor_privacy_signals
        )
        _kinds.member("log_retention", log_retention, logs.RetentionDays, "ONE_MONTH")
        _kinds.removal_policy(removal_policy)
        _kinds.resource(
            "role", role, "role_arn", "import it with iam.Role.from_role_arn(…)"
        )
        _kinds.resource(
            "alarm_topic",
            alarm_topic,
            "topic_arn",
            "import it with sns.Topic.from_topic_arn(…)",
        )
        _numbers.function_size(memory_size, reserved_concurrent_executions)
        _checks.names(api_name=api_name, function_prefix=function_prefix)
        _checks.alarms(alarm_topic, scope, enable_metrics=enable_metrics)
        protection = _protection.checked(
            scope,
            encryption_key=encryption_key,
            security_groups=security_groups,
            server_access_logs_bucket=server_access_logs_bucket,
            vpc=vpc,
            vpc_subnets=vpc_subnets,
        )

        super().__init__(scope, construct_id)

        stack = Stack.of(self)
        retention = log_retention or logs.RetentionDays.ONE_MONTH
        self._keeping = Keeping(
            removal_policy or KEPT,
            encryption_key,
            server_access_logs_bucket,
        )
        self._trusted_accounts = trusted
        self._tenants: dict[str, Tenant] = {}

        self._salt_bucket = make_salt_bucket(self, self._keeping)
        queues = make_queues(
            self,
            encryption_key=encryption_key,
            removal_policy=self._keeping.removal_policy,
            visibility=visibility(buffering),
        )
        self._door = _distribution.Door(self, front_door, encryption_key)
        self._environment = Environment(
            account=stack.account,
            allowed_buckets=patterns,
            buffered=delivery is Delivery.BUFFERED,
            compress=plan.decodes_base64,
            cors_origins=origins,
            front_door=self._door.values,
            honor_privacy_signals=honor_privacy_signals,
            metrics=enable_metrics,
            names_chars=protection.names_chars(),
            queue_url=queues.events.queue_url,
            salt_bucket=self._salt_bucket.bucket_name,
            trusted=bool(trusted),
            viewer_country=plan.tells_country(stack),
        )
        self._environment.check_size()

        self._log_group, writer_log_group = (
            make_log_group(
                self, name, retention, self._keeping.removal_policy, encryption_key
            )
            for name in ("Logs", "WriterLogs")
        )
        if role is not None:
            role = _permissions.role_of(self, role)
        self._role = role or make_role(
            self, "Role", "Stores analytics events and keeps the day's salt"
        )
        writer_role = role or make_role(
            self, "WriterRole", "Stores analytics events that wait in the queue"
        )
        # Under a role that was given both run, and it needs each right once.
        self._writes = tuple(
            _permissions.EventWrites(self, each, trusted, patterns)
            for each in ((role,) if role else (self._role, writer_role))
        )
        _permissions.let_ingest(
            self, self._role, self._salt_bucket, queues.events, self._log_group
        )
        _permissions.let_write(writer_role, queues.events, writer_log_group)
        protection = protection.prepare(self, self._role, writer_role)
        for statement in statements:
            self.add_to_role_policy(statement)
        if role is not None:
            _permissions.check_role(self, role)

        self._function = make_function(
            self,
            "Function",
            description="Checks analytics events and stores them in S3",
            encryption_key=encryption_key,
            entry=ENTRY,
            environment=self._variables(),
            log_group=self._log_group,
            memory_size=memory_size or _deployed_numbers.MEMORY_MIB,
            name=physical_name(function_prefix),
            network=protection.network,
            reserved_concurrent_executions=reserved_concurrent_executions,
            role=self._role,
            timeout=timeout,
        )
        writer = make_writer(
            self,
            buffering=buffering,
            encryption_key=encryption_key,
            environment=self._environment.writer_variables(),
            log_group=writer_log_group,
            name=physical_name(function_prefix, "writer"),
            network=protection.network,
            queue=queues.events,
            role=writer_role,
        )
        self._parts = DeliveryParts(
            delivery, buffering, queues, writer, writer_role, writer_log_group
        )
        self._built = plan.build(
            self,
            self._function,
            ApiSettings(
                burst_limit=throttling_burst_limit or _deployed_numbers.BURST_LIMIT,
                encryption_key=encryption_key,
                log_retention=retention,
                name=api_name
                or physical_name(function_prefix)
                or Names.unique_resource_name(self, max_length=_checks.API_NAME_CHARS),
                rate_limit=throttling_rate_limit or _deployed_numbers.RATE_LIMIT,
                removal_policy=self._keeping.removal_policy,
            ),
        )

        self._door.build(self._built.endpoint, self._function)

        self._catalog = catalog or EventCatalog(
            self,
            "Catalog",
            encryption_key=encryption_key,
            removal_policy=self._keeping.removal_policy,
            server_access_logs_bucket=server_access_logs_bucket,
        )

        self._metrics, self._dashboard, self._alarms = (
            monitor(
                self,
                alarm_topic,
                api=self._built.metrics,
                function=self._function,
                queued=self,
            )
            if enable_metrics
            else Monitoring()
        )

    @property
    def function(self) -> lambda_.Function:
        """The function that checks and stores events."""
        return self._function

    @property
    def role(self) -> iam.IRole:
        """The role that the function runs as."""
        return self._role

    @property
    def grant_principal(self) -> iam.IPrincipal:
        """The principal that a grant to the tracker is made to."""
        return self._role.grant_principal

    @property
    def tenants(self) -> Mapping[str, Tenant]:
        """The tenants by name; it cannot be written to."""
        return MappingProxyType(self._tenants)

    @property
    def catalog(self) -> EventCatalog:
        """The database of the tenants' tables, with its workgroups and queries."""
        return self._catalog

    @property
    def salt_bucket(self) -> s3.Bucket:
        """The bucket that keeps the salts of today and yesterday."""
        return self._salt_bucket

    @property
    def log_group(self) -> logs.LogGroup:
        """The function's log group."""
        return self._log_group

    def add_tenant(
        self,
        name: str,
        *,
        bucket: s3.IBucket | None = None,
        allowed_origins: Sequence[str] | None = None,
        retention: Duration | None = None,
        write_keys: Sequence[WriteKey] = (),
        throttling_rate_limit: float | None = None,
        throttling_burst_limit: int | None = None,
        versioned: bool = False,
    ) -> Tenant:
        """Register a tenant, whose name requests may give instead of a bucket.

        It gets a table and views in the catalog, and a workgroup.

        Args:
            name: 1 to 63 lower-case letters, digits and hyphens; begins with a letter.
            bucket: Where its events are stored; one bucket serves one tenant. The
                function and the writer get what they need to write with the bucket's
                KMS key.
                Default: a new private bucket, which is kept when the stack is deleted.
                Objects over 128 KiB move to Intelligent-Tiering after 90 days, unless
                they expire by then or their retention is not known at synthesis.
            allowed_origins: Origins that a browser may send this tenant's events from.
                Default: every origin.
            retention: Whole days after which events in a new bucket are deleted.
                Default: they are kept for ever.
            write_keys: Keys, one of which each event must bring: two public ones and
                two secret ones at most, so that a key can be changed without loss.
                Add the new one, deploy, change the senders, take the old one out.
                Default: events need no key.
            throttling_rate_limit: Requests a second on each of three routes of the
                tenant's own (`/<name>/track` with POST and OPTIONS,
                `/<name>/pixel.gif`), which then are the only ones for its events and
                take no others; see `track_url_of`. API Gateway keeps the limit, for
                all visitors together and as a target, not to the request. Only for an
                API of the tracker's own.
                Default: no routes of its own; the tracker's limit is everybody's.
            throttling_burst_limit: Requests that each of these routes takes at once.
                Only with `throttling_rate_limit`.
                Default: twice the rate.
            versioned: Whether what is deleted from a new bucket is kept for another 30
                days as an old version, also when `retention` ends. Taken back, that
                goes on for what was stored until then.
                Default: what is deleted is gone.

        Returns:
            The tenant.

        Raises:
            ValueError: If an argument cannot work or the tenant exists.
        """
        origins, keys, limit = _tenant_checks.checked(
            name,
            allowed_origins=allowed_origins,
            bucket=bucket,
            own_api=self._built.tenant_routes is not None,
            retention=retention,
            throttling_burst_limit=throttling_burst_limit,
            throttling_rate_limit=throttling_rate_limit,
            versioned=versioned,
            write_keys=write_keys,
        )
        self._catalog.check_new(name, bucket)
        digests, own_route = tuple(key.digest for key in keys), limit is not None
        if bucket is None:
            # First, or a refusal would leave a bucket behind that nobody asked for.
            owner = Stack.of(self).account if self._trusted_accounts else None
            widest = TenantEntry("x" * BUCKET_CHARS, owner, origins, digests, own_route)
            self._environment.with_tenant(name, widest).check_size()
            home = child_of(self, "Tenants")
            bucket = _tenant_buckets.make_bucket(
                home, name, retention, self._keeping, versioned=versioned
            )
        tenant = Tenant(name, bucket, origins, retention, keys, *(limit or ()))
        environment = self._environment.with_tenant(
            name,
            TenantEntry(
                bucket.bucket_name,
                _places.owner_of(tenant, Stack.of(self), self._trusted_accounts),
                origins,
                digests,
                own_route,
            ),
        )
        environment.check_size()
        self._environment = environment
        self._tenants[name] = tenant
        for writes in self._writes:
            writes.allow_bucket(bucket)
        for variable, value in self._variables().items():
            self._function.add_environment(variable, value)
        self._catalog.add_tenant(name, bucket=bucket)
        if limit is not None and self._built.tenant_routes is not None:
            self._built.tenant_routes.add(name, limit)
        return tenant

    def add_to_role_policy(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the function's role, which the writer's is not.

        Args:
            statement: What is allowed or denied.
        """
        self._role.add_to_principal_policy(statement)

    def grant_read(self, grantee: iam.IGrantable, tenant: Tenant) -> iam.Grant:
        """Let `grantee` list and read a tenant's events, and nothing else.

        Args:
            grantee: Who may read; it may be of another account.
            tenant: Whose events.

        Raises:
            ValueError: If `tenant` is not one of this tracker's, or `grantee` can be
                granted nothing.
        """
        _tenant_checks.check_own(tenant, self._tenants)
        return _permissions.read_events(self, grantee, tenant.bucket)

    def grant_query(self, grantee: iam.IGrantable, tenant: Tenant) -> iam.Grant:
        """Let `grantee` query a tenant's events with Athena, and nothing else.

        It uses the tenant's own workgroup, and sees no results of others.

        Args:
            grantee: A role of the catalog's account.
            tenant: Whose events.

        Raises:
            ValueError: If `tenant` is not one of this tracker's, or `grantee` cannot
                query here.
        """
        _tenant_checks.check_own(tenant, self._tenants)
        return self._catalog.grant_query(grantee, tenant)

    def grant_invoke_to_api_gateway(self, source_arn: str) -> None:
        """Let another API of API Gateway call the function, also one of another stack.

        Call it beside `LambdaIntegration`, which brings a right to call but does not
        tell the tracker: until then the function believes the header with the viewer's
        country, which clients of that API may be able to set.

        From then on the viewer's country is not stored: nothing says whether a client
        of that API can set the header which tells it. Nor is the browser client
        compressed, for nothing says whether that API takes bytes.

        Args:
            source_arn: What may call, such as
                `api.arn_for_execute_api("POST", "/track", "prod")`. Its path must end
                in `/track`, `/pixel.gif` or `/tracker.js`, as the function expects, and
                for a tenant with routes of its own in `/<tenant>/track`. The same one
                again changes nothing.

        Raises:
            ValueError: If it is no such ARN, its path is known to end otherwise, or the
                tracker has a front door, whose secret another API does not send.
        """
        if self._door.wanted is not None:
            raise ValueError(
                f"'source_arn' {source_arn!r} would call a function with a front door, "
                "which answers 403 to all that does not come through the distribution; "
                "send events to the tracker's 'track_url', or use a tracker without "
                "'front_door'"
            )
        _checks.caller(source_arn)
        _permissions.let_api_gateway_invoke(
            child_of(self, "Callers"), self._function, source_arn
        )
        if self._environment.viewer_country:
            self._environment = replace(self._environment, viewer_country=False)
            self._function.add_environment(settings.VIEWER_COUNTRY, "0")
        if self._environment.compress:
            self._environment = replace(self._environment, compress=False)
            self._function.add_environment(settings.COMPRESS, "0")

    @property
    def worst_day_dollars(self) -> float | None:
        """What the worst day costs that all limits together let through, US dollars.

        At list prices of us-east-1, without logs; without CloudFront before the API,
        whose requests no limit here bounds; and without requests to the KMS key, and
        hours and bytes of the VPC's endpoints and NAT, where there are any. None: the
        API is not the tracker's own, or a limit, the memory, the timeout or what the
        writer gathers is known at deployment only.
        """
        return worst_day_dollars(
            self._built,
            self._function,
            self._parts.buffering,
            self._tenants.values(),
        )

    def _variables(self) -> dict[str, str]:
        return self._environment.variables(Stack.of(self).to_json_string)
