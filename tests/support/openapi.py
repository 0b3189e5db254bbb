"""Responses of an app, compared with its description."""

from jsonschema import Draft202012Validator


def check_described(described, path, method, responses):
    """Check that the status, the media type and the content of each response are those of OpenAPI."""
    declared = described["paths"][path][method]["responses"]
    for response in responses:
        assert str(response.status_code) in declared, (path, response.status_code)
        media = response.headers.get("content-type", "").partition(";")[0]
        content = declared[str(response.status_code)].get("content", {})
        assert (media in content) if response.content else not content, (path, response.status_code, media)
        if media.endswith("json"):
            schema = content[media]["schema"]
            assert schema, (path, response.status_code)
            Draft202012Validator(schema | {"components": described["components"]}).validate(response.json())
