"""The peer: Locust's HttpUser (a locustfile)."""

from locust import HttpUser, task

from benchmarks.locust_requests import PATH, fresh


class Sender(HttpUser):
    @task
    def send(self) -> None:
        body, headers = fresh()
        self.client.post(PATH, data=body, headers=headers)
