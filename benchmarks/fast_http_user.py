"""The peer: Locust's FastHttpUser (a locustfile)."""

from locust import FastHttpUser, task

from benchmarks.locust_requests import PATH, fresh


class Sender(FastHttpUser):
    @task
    def send(self) -> None:
        body, headers = fresh()
        self.client.post(PATH, data=body, headers=headers)
