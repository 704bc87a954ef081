"""What a tracker shows of its API: where events are sent to, and its access logs."""

from __future__ import annotations

from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_logs as logs

from . import _tenant_checks
from ._api_plan import BuiltApi
from ._distribution import Door
from ._handler import replies
from .tenant import Tenant


class AddressMembers:
    """The properties of a tracker's API, and the addresses of its routes."""

    _built: BuiltApi
    _door: Door
    _tenants: dict[str, Tenant]

    @property
    def api(self) -> apigateway.IRestApi | apigatewayv2.IHttpApi:
        """The API that leads to the function."""
        return self._built.api

    @property
    def api_endpoint(self) -> str:
        """The API's address, or the distribution's; without a slash at the end.

        Raises:
            ValueError: If the API exists and its stage is not known, or it answers at a
                domain of its own alone.
        """
        if self._door.endpoint is not None:
            return self._door.endpoint
        if self._built.endpoint is None:
            raise ValueError(f"'api_endpoint' is not known: {self._built.unknown}")
        return self._built.endpoint

    @property
    def track_url(self) -> str:
        """The address that events are sent to.

        Raises:
            ValueError: If the API exists and its stage is not known, or it answers at a
                domain of its own alone.
        """
        return f"{self.api_endpoint}/{replies.TRACK}"

    @property
    def pixel_url(self) -> str:
        """The address of an image that stores the event in its query string.

        Raises:
            ValueError: If the API exists and its stage is not known, or it answers at a
                domain of its own alone.
        """
        return f"{self.api_endpoint}/{replies.PIXEL}"

    @property
    def script_url(self) -> str:
        """The address of the browser client, for the `src` of a page's script.

        Raises:
            ValueError: If the API exists and its stage is not known, or it answers at a
                domain of its own alone.
        """
        return f"{self.api_endpoint}/{replies.SCRIPT}"

    @property
    def access_log_group(self) -> logs.LogGroup | None:
        """The log group of the API's access logs, if the tracker made one."""
        return self._built.access_log_group

    def track_url_of(self, tenant: Tenant) -> str:
        """Return the address that a tenant's events are sent to.

        It is `track_url` unless the tenant has routes of its own.

        Args:
            tenant: Whose events.

        Raises:
            ValueError: If `tenant` is not one of this tracker's, or the API's address
                is not known.
        """
        return f"{self._home_of(tenant)}/{replies.TRACK}"

    def pixel_url_of(self, tenant: Tenant) -> str:
        """Return the address of an image that stores a tenant's event.

        It is `pixel_url` unless the tenant has routes of its own.

        Args:
            tenant: Whose events.

        Raises:
            ValueError: If `tenant` is not one of this tracker's, or the API's address
                is not known.
        """
        return f"{self._home_of(tenant)}/{replies.PIXEL}"

    def _home_of(self, tenant: Tenant) -> str:
        """The address below which a tenant's routes are."""
        _tenant_checks.check_own(tenant, self._tenants)
        own = tenant.throttling_rate_limit is not None
        return f"{self.api_endpoint}/{tenant.name}" if own else self.api_endpoint
