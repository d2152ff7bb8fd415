"""KuaiRand-Pure: real short-video impressions with clicks and likes."""
