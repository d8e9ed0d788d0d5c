"""The parts of a document that the simulator knows, field by field."""

from __future__ import annotations

from tangentflow.simulator.schema import (
    Check,
    anything,
    boolean,
    integer,
    integer_or_string,
    list_of,
    map_of,
    name,
    object_of,
    one_of,
    scalar,
    string,
)

__all__ = ["DOCUMENTS"]

FIELD_NAME = r"^[a-zA-Z0-9][-a-zA-Z0-9]*$"
PARAMETER_NAME = r"^[-a-zA-Z0-9_]+$"
MOST_TEMPLATES = MOST_TASKS = 200
MOST_PARAMETERS = 500

_EMPTY = object_of({})
_LABELS = map_of(string)
_METADATA = object_of({"labels": _LABELS, "annotations": _LABELS})

# -- inputs and outputs -----------------------------------------------------------------------------------------------

_VALUE_FROM = object_of({
    "path": string,
    "default": scalar,
    "expression": string,
    "parameter": string,
    "supplied": _EMPTY,
    "jsonPath": string,
})  # fmt: skip
_PARAMETER = object_of(
    {
        "name": name(PARAMETER_NAME),
        "value": scalar,
        "default": scalar,
        "enum": list_of(scalar),
        "description": string,
        "valueFrom": _VALUE_FROM,
    },
    "name",
)
_ARTIFACT = object_of(
    {
        "name": name(PARAMETER_NAME),
        "path": string,
        "optional": boolean,
        "archive": object_of({"none": _EMPTY, "tar": object_of({"compressionLevel": integer})}),
        "s3": object_of({"key": string}, "key"),
    },
    "name",
    "path",
    "s3",
)
_PARAMETERS = list_of(_PARAMETER, MOST_PARAMETERS)
_ARGUMENTS = object_of({"parameters": _PARAMETERS})
_SIDE = object_of({"parameters": _PARAMETERS, "artifacts": list_of(_ARTIFACT)})

# -- templates --------------------------------------------------------------------------------------------------------

_SECRET = object_of({"name": string, "key": string, "optional": boolean}, "name", "key")
_VOLUME = object_of(
    {
        "name": name(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", 63),
        "emptyDir": object_of({"sizeLimit": scalar, "medium": string}),
        "persistentVolumeClaim": object_of({"claimName": string, "readOnly": boolean}, "claimName"),
    },
    "name",
)
_MOUNT = object_of({"name": string, "mountPath": string, "readOnly": boolean, "subPath": string}, "name", "mountPath")
_CLAIM = object_of(
    {
        "metadata": object_of({"name": string}, "name"),
        "spec": object_of(
            {
                "accessModes": list_of(one_of("ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod")),
                "resources": object_of({"requests": map_of(scalar)}),
                "storageClassName": string,
            },
            "accessModes",
        ),
    },
    "metadata",
    "spec",
)
_VARIABLE = object_of({"name": string, "value": string, "valueFrom": object_of({"secretKeyRef": _SECRET})}, "name")
_CONTAINER: dict[str, Check] = {
    "name": string,
    "image": string,
    "imagePullPolicy": one_of("Always", "IfNotPresent", "Never"),
    "command": list_of(string),
    "args": list_of(string),
    "env": list_of(_VARIABLE),
    "workingDir": string,
    "resources": object_of({"limits": map_of(scalar), "requests": map_of(scalar)}),
    "securityContext": anything,
    "volumeMounts": list_of(_MOUNT),
}
_RETRY = object_of({
    "limit": integer_or_string,
    "retryPolicy": one_of("Always", "OnFailure", "OnError"),
    "expression": string,
    "backoff": object_of({"duration": scalar, "factor": integer_or_string, "maxDuration": string, "cap": string}),
})  # fmt: skip
_RESOURCE = object_of(
    {
        "action": one_of("get", "create", "apply", "delete", "replace", "patch"),
        "manifest": string,
        "manifestFrom": object_of({"artifact": object_of({"name": string}, "name")}, "artifact"),
        "setOwnerReference": boolean,
        "successCondition": string,
        "failureCondition": string,
        "flags": list_of(string),
        "mergeStrategy": string,
    },
    "action",
)
_SYNCHRONIZATION = object_of({"mutexes": list_of(object_of({"name": string, "namespace": string}, "name"))})
_SEQUENCE = object_of({"count": integer_or_string, "start": integer_or_string, "end": integer_or_string})
_TASK = object_of(
    {
        "name": name(FIELD_NAME, 128),
        "template": string,
        "arguments": _ARGUMENTS,
        "depends": string,
        "when": string,
        "withItems": list_of(anything),
        "withParam": string,
        "withSequence": _SEQUENCE,
    },
    "name",
    "template",
)
_WHERE: dict[str, Check] = {
    "affinity": anything,
    "automountServiceAccountToken": boolean,
    "executor": anything,
    "hostAliases": anything,
    "nodeSelector": anything,
    "priorityClassName": string,
    "schedulerName": string,
    "securityContext": anything,
    "serviceAccountName": string,
    "tolerations": anything,
    "volumes": list_of(_VOLUME),
}
_TEMPLATE = object_of(
    {
        **_WHERE,
        "name": name(FIELD_NAME, 128),
        "metadata": _METADATA,
        "inputs": _SIDE,
        "outputs": _SIDE,
        "container": object_of(_CONTAINER),
        "script": object_of({**_CONTAINER, "source": string}),
        "resource": _RESOURCE,
        "dag": object_of({"tasks": list_of(_TASK, MOST_TASKS), "failFast": boolean}, "tasks"),
        "suspend": object_of({"duration": scalar}),
        "retryStrategy": _RETRY,
        "parallelism": integer,
        "synchronization": _SYNCHRONIZATION,
        "activeDeadlineSeconds": integer_or_string,
        "timeout": string,
        "archiveLocation": object_of({"archiveLogs": boolean}),
        "podSpecPatch": string,
    },
    "name",
)

# -- documents --------------------------------------------------------------------------------------------------------

_SPEC = object_of({
    **_WHERE,
    "entrypoint": string,
    "onExit": string,
    "arguments": _ARGUMENTS,
    "templates": list_of(_TEMPLATE, MOST_TEMPLATES),
    "workflowTemplateRef": object_of({"name": string}, "name"),
    "parallelism": integer,
    "activeDeadlineSeconds": integer,
    "archiveLogs": boolean,
    "artifactGC": anything,
    "artifactRepositoryRef": anything,
    "imagePullSecrets": anything,
    "podGC": anything,
    "podMetadata": _METADATA,
    "priority": integer,
    "ttlStrategy": anything,
    "volumeClaimGC": object_of({"strategy": one_of("OnWorkflowCompletion", "OnWorkflowSuccess")}),
    "volumeClaimTemplates": list_of(_CLAIM),
    "workflowMetadata": _METADATA,
})  # fmt: skip
_CRON_SPEC = object_of(
    {
        "schedules": list_of(string),
        "timezone": string,
        "suspend": boolean,
        "concurrencyPolicy": one_of("Allow", "Forbid", "Replace"),
        "startingDeadlineSeconds": integer,
        "successfulJobsHistoryLimit": integer,
        "failedJobsHistoryLimit": integer,
        "workflowMetadata": _METADATA,
        "workflowSpec": _SPEC,
    },
    "schedules",
    "workflowSpec",
)
_OBJECT_METADATA = object_of({
    "name": string,
    "generateName": string,
    "namespace": string,
    "uid": string,
    "labels": _LABELS,
    "annotations": _LABELS,
})  # fmt: skip


def _document(spec: Check) -> Check:
    return object_of({"apiVersion": string, "kind": string, "metadata": _OBJECT_METADATA, "spec": spec}, "spec")


DOCUMENTS: dict[str, Check] = {
    "Workflow": _document(_SPEC),
    "WorkflowTemplate": _document(_SPEC),
    "CronWorkflow": _document(_CRON_SPEC),
}
"""The kinds of documents that can be simulated, with the check of each."""
