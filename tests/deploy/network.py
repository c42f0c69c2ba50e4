"""Says whether NetworkPolicies let one pod reach a port of another: a pod is a namespace and labels."""


def labels_of_namespace(name, extra=()):
    return {"kubernetes.io/metadata.name": name} | dict(extra)


def selects(selector, labels):
    fits = all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items())
    for wanted in selector.get("matchExpressions", []):
        if wanted["operator"] != "In":
            raise ValueError(f"unknown operator {wanted['operator']}")
        fits = fits and labels.get(wanted["key"]) in wanted["values"]
    return fits


def is_peer(peer, policy_namespace, namespace_labels, pod_labels):
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], namespace_labels):
            return False
    elif namespace_labels["kubernetes.io/metadata.name"] != policy_namespace:
        return False
    return selects(peer.get("podSelector", {}), pod_labels)


def allows(policy, direction, namespace_labels, pod_labels, port, protocol="TCP"):
    """Does the policy let its pods be reached by (Ingress), or reach (Egress), such a pod at this port?"""
    peers = {"Ingress": "from", "Egress": "to"}[direction]
    for rule in policy["spec"][direction.lower()]:
        at_port = any(entry["port"] == port and entry.get("protocol", "TCP") == protocol
                      for entry in rule["ports"])
        if at_port and any(is_peer(peer, policy["metadata"]["namespace"], namespace_labels, pod_labels)
                           for peer in rule[peers]):
            return True
    return False
