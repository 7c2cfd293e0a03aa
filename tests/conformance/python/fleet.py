"""A runner in a thread that speaks the documented protocol through the generated client, and runs nothing."""

import json
import threading

from daytona_api_client import (
    ApiClient,
    Configuration,
    JobsApi,
    RunnerHealthcheck,
    RunnerHealthMetrics,
    RunnersApi,
    RunnerServiceHealth,
    UpdateJobStatus,
)


def client(url, key):
    """The generated client with a key."""
    return ApiClient(Configuration(host=url, access_token=key))


def health(cpu=8, memory=16, disk=100):
    metrics = RunnerHealthMetrics(
        current_cpu_load_average=0.1,
        current_cpu_usage_percentage=3.0,
        current_memory_usage_percentage=10.0,
        current_disk_usage_percentage=10.0,
        current_allocated_cpu=0.0,
        current_allocated_memory_gi_b=0.0,
        current_allocated_disk_gi_b=0.0,
        current_snapshot_count=1.0,
        current_started_sandboxes=0.0,
        cpu=float(cpu),
        memory_gi_b=float(memory),
        disk_gi_b=float(disk),
    )
    services = [RunnerServiceHealth(service_name="cells", healthy=True)]
    return RunnerHealthcheck(metrics=metrics, service_health=services, app_version="1")


class Machine:
    """Does every job at once, and remembers what it did."""

    def __init__(self, url, token):
        self.runners = RunnersApi(client(url, token))
        self.jobs = JobsApi(client(url, token))
        self.done = []
        self.runners.runner_healthcheck(health())
        threading.Thread(target=self.work, daemon=True).start()

    def work(self):
        while True:
            for job in self.jobs.poll_jobs(timeout=5, limit=10).jobs:
                # Before it is told: who asked may look at once.
                self.done.append((job.type, json.loads(job.payload)["id"]))
                assert job.status == "IN_PROGRESS", job
                ended = self.jobs.update_job_status(job.id, UpdateJobStatus(status="COMPLETED"))
                assert ended.status == "COMPLETED", ended
