from tests.pipelines import Pipeline

PATH = "/v1/tocsin/variables"


async def prepared(pipeline: Pipeline) -> None:
    http = pipeline.http
    await http.put(f"{PATH}/app_name", json={"value": "Acme", "description": "Ours"})
    await http.put(f"{PATH}/app_name", json={"value": "Acme dev"}, params={"environment": "development"})
    await http.put(f"{PATH}/token", json={"value": "hunter2", "type": "secret"})
    await http.put(f"{PATH}/token", json={"value": "hunter3"}, params={"environment": "production"})
    await http.put(f"{PATH}/only_here", json={"value": 7}, params={"environment": "production"})


async def test_the_account_lists_base_values_with_the_overrides_of_every_environment(
    pipeline: Pipeline,
) -> None:
    await prepared(pipeline)
    entries = (await pipeline.http.get("/v1/variables")).json()["entries"]
    shown = {one["key"]: (one["type"], one["value"], one["environment_values"]) for one in entries}
    assert shown == {
        "app_name": ("public", "Acme", {"development": "Acme dev"}),
        "only_here": ("public", None, {"production": "7"}),
        "token": ("secret", "******", {"production": "******"}),
    }


async def test_an_environment_lists_what_holds_in_it(pipeline: Pipeline) -> None:
    await prepared(pipeline)
    for environment, values in (
        ("development", {"app_name": "Acme dev", "token": "******"}),
        ("production", {"app_name": "Acme", "token": "******", "only_here": "7"}),
    ):
        entries = (await pipeline.get("/v1/variables", environment))["entries"]
        assert {one["key"]: one["value"] for one in entries} == values


async def test_the_list_is_filtered_by_type_and_read_in_pages(pipeline: Pipeline) -> None:
    await prepared(pipeline)
    secret = (await pipeline.http.get("/v1/variables", params={"type": "secret"})).json()
    assert [one["key"] for one in secret["entries"]] == ["token"]
    keys, after = [], None
    for _ in range(3):
        params = {"limit": "1", **({"after": after} if after else {})}
        page = (await pipeline.http.get("/v1/variables", params=params)).json()
        keys += [one["key"] for one in page["entries"]]
        after = page["page_info"]["after"]
    assert (keys, after) == (["app_name", "only_here", "token"], None)
    told = await pipeline.refused("GET", "/v1/variables", type="hidden")
    assert told["errors"][0]["field"] == "type"


async def test_one_variable_comes_with_its_overrides(pipeline: Pipeline) -> None:
    await prepared(pipeline)
    one = (await pipeline.http.get("/v1/variables/app_name")).json()
    assert (one["value"], one["environment_values"]) == ("Acme", {"development": "Acme dev"})
    assert one.keys() >= {"key", "type", "description", "inserted_at", "updated_at"}
    assert (await pipeline.refused("GET", "/v1/variables/nothing"))["code"] == "resource_missing"
