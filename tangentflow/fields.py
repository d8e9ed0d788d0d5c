"""Fields of Argo's own that the option `argo` may give as they are, and what to write in place of others. Standard library only."""

from __future__ import annotations

from tangentflow import accepts

__all__ = ["OF_CONTAINERS", "OF_RESOURCES", "SPEC", "TEMPLATE"]

_POD = (
    "affinity", "automountServiceAccountToken", "executor", "hostAliases", "podSpecPatch", "priorityClassName", "schedulerName",
    "securityContext",
)  # fmt: skip

_CONTAINER = frozenset({
    "envFrom", "imagePullPolicy", "lifecycle", "livenessProbe", "ports", "readinessProbe", "resizePolicy", "resources", "securityContext",
    "startupProbe", "terminationMessagePath", "terminationMessagePolicy", "volumeDevices", "volumeMounts",
})  # fmt: skip

_PLACED = ("metrics", "nodeSelector", "pendingTimeout", "serviceAccountName", "synchronization", "tolerations")

_BESIDE = ("initContainers", "podResources", "resourceClaims", "sidecars", "volumes")

_META = {"metadata": frozenset({"labels", "annotations"})}

_POLICIES = {
    "retryStrategy": "write retries=, on= and backoff=",
    "timeout": "write timeout=",
    "memoize": "write cache=",
    "parallelism": "write max_concurrent=",
}

TEMPLATE = accepts.fields(
    "an Argo template",
    {**dict.fromkeys((*_POD, *_PLACED, *_BESIDE, "activeDeadlineSeconds")), **_META, "script": _CONTAINER},
    {
        **_POLICIES,
        "script.env": "write env= or secrets=",
        "script.image": "write image=",
        "script.source": "the step's own code stands there",
        "script.command": "the step's own code stands there",
    },
)
"""Of the template of a step."""

OF_CONTAINERS = accepts.fields(
    "an Argo template with a container",
    {**dict.fromkeys((*_POD, *_PLACED, *_BESIDE)), **_META, "container": _CONTAINER},
    {
        **_POLICIES,
        "activeDeadlineSeconds": "write timeout=",
        "script": "its template has a container: write {'container': {...}}",
        "container.env": "write env= in the call, or secrets=",
        "container.image": "the image of the call stands there",
        "container.command": "the command of the call stands there",
        "container.args": "the command of the call stands there",
        "container.workingDir": "the files of the call lie there",
    },
)
"""Of the template that does the work of `container`."""

OF_RESOURCES = accepts.fields(
    "an Argo template with a resource",
    {**dict.fromkeys((*_POD, *_PLACED)), **_META},
    {
        **_POLICIES,
        "activeDeadlineSeconds": "write timeout=",
        "resource": "the manifest and the conditions of the call stand there",
    },
)
"""Of the template that does the work of `resource`."""

SPEC = accepts.fields(
    "the spec of an Argo Workflow",
    {
        **dict.fromkeys(_POD),
        **dict.fromkeys(
            (
                "archiveLogs",
                "artifactGC",
                "artifactRepositoryRef",
                "dnsConfig",
                "dnsPolicy",
                "hostNetwork",
                "imagePullSecrets",
            )
        ),
        **dict.fromkeys(
            (
                "metrics",
                "nodeSelector",
                "podDisruptionBudget",
                "podGC",
                "podMetadata",
                "podPriorityClassName",
                "priority",
            )
        ),
        **dict.fromkeys(
            (
                "serviceAccountName",
                "synchronization",
                "tolerations",
                "ttlStrategy",
                "volumeClaimGC",
                "volumeClaimTemplates",
            )
        ),
        **dict.fromkeys(("volumes", "workflowMetadata")),
    },
    {
        "templateDefaults": "write options of steps",
        "activeDeadlineSeconds": "write timeout=",
        "parallelism": "write parallelism=",
        "onExit": "write on_exit=",
        "hooks": "write on_exit=",
    },
)
"""Of the spec of a workflow."""
